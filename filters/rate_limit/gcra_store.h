// GcraStore: the Gcra of every key of one limit. Thread-safe: sharded by key, a mutex each, so that
// loop threads seldom meet. Bounded: idle keys are dropped as others come, and beyond `max_keys`
// the least recently used ones are forgotten first, but never one with places held.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "filters/rate_limit/gcra.h"

namespace sekisho::filters {

class GcraStore {
 public:
  GcraStore(Rate rate, std::size_t max_keys);

  std::optional<Duration> hold(std::string_view key, std::uint64_t n, TimePoint now);
  void settle(std::string_view key, std::uint64_t n, std::uint64_t kept, TimePoint now);
  // Holds and keeps in one step, for what can't be refused any more (a connection).
  std::optional<Duration> take(std::string_view key, std::uint64_t n, TimePoint now);

  [[nodiscard]] const Rate& rate() const { return rate_; }
  [[nodiscard]] std::size_t max_keys() const { return max_keys_; }
  [[nodiscard]] std::size_t size() const;  // keys remembered now

 private:
  static constexpr std::size_t kShards = 16;

  struct Entry {
    Gcra gcra;
    std::list<std::string_view>::iterator place;
  };
  struct Shard {
    mutable std::mutex mutex;
    // Ordered, so that no client can choose keys that collide.
    std::map<std::string, Entry, std::less<>> entries;
    std::list<std::string_view> by_use;  // oldest first; views of the map's keys
  };

  Shard& shard_of(std::string_view key);
  Gcra& touch(Shard& shard, std::string_view key, TimePoint now);
  void make_room(Shard& shard, TimePoint now);

  Rate rate_;
  std::size_t max_keys_;
  std::array<Shard, kShards> shards_;
};

}  // namespace sekisho::filters
