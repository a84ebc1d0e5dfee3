// Suspensions: users and clients that may not send for a while, by a filter's order. Asked at
// connect, after AUTH and at MAIL, on every listener; kept in a file over restarts. Bounded: when
// it is full, who comes back first makes room, users for users and clients for clients (an address,
// or the /64 of an IPv6 address). Any thread; save() alone waits for the disk.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "filters/errands.h"
#include "gateway/base/error.h"
#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace sekisho {

class Suspensions {
 public:
  static constexpr std::size_t kMax = 100'000;

  // An empty path: kept in memory alone. A file that can't be read is an Error; a line that is none
  // of ours is passed over.
  static Result<std::unique_ptr<Suspensions>> open(std::filesystem::path file, WallTime now);

  // The later end of two counts.
  void add(const filters::Suspension& suspension, WallTime now);
  Result<void> save(WallTime now) const;

  // Until when; none: not suspended.
  [[nodiscard]] std::optional<WallTime> of_user(std::string_view user, WallTime now) const;
  [[nodiscard]] std::optional<WallTime> of_client(const IpAddress& client, WallTime now) const;
  [[nodiscard]] bool empty() const;

 private:
  using Key = std::pair<filters::Suspension::Of, std::string>;
  explicit Suspensions(std::filesystem::path file) : file_(std::move(file)) {}
  void keep(Key key, WallTime until, WallTime now);
  void make_room(filters::Suspension::Of of, WallTime now);
  [[nodiscard]] std::optional<WallTime> find(const Key& key, WallTime now) const;

  std::filesystem::path file_;
  mutable std::mutex saving_;
  mutable std::mutex mutex_;
  std::map<Key, WallTime> until_;  // guarded by mutex_
};

}  // namespace sekisho
