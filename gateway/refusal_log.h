// RefusalLog: what the log says of connections that were refused before they became sessions. A
// flood of them must not become a flood of lines: at most one a second for each client (an IPv4
// address or an IPv6 /64) and reason, with the number of connections since the line before. Owned
// by the Server; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/base/ip.h"
#include "gateway/base/log.h"
#include "gateway/base/time.h"

namespace sekisho {

class RefusalLog {
 public:
  static constexpr Duration kInterval = 1s;
  // Further clients at the same time share one line.
  static constexpr std::size_t kMaxClients = 256;

  explicit RefusalLog(Log& log) : log_(log) {}

  // `why` is one of our own sentences: there are few of them.
  void refused(const Endpoint& peer, const std::string& listener, std::string_view why,
               TimePoint now);
  // Writes what has waited for its interval, and forgets who stays away. To be called about once in
  // each.
  void write_due(TimePoint now);
  // Writes all that has waited.
  void write_all() { write_due(TimePoint::max()); }

 private:
  enum class Who : std::uint8_t { one_client, all_others };
  struct Key {
    IpAddress client;
    Who who;
    std::string why;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    TimePoint written;
    Endpoint peer;  // the last one
    std::string listener;
    std::int64_t count = 0;  // since the last line
  };
  void write(const Key& key, Entry& entry, TimePoint now);

  Log& log_;
  std::mutex mutex_;
  std::map<Key, Entry> entries_;  // guarded by mutex_
};

}  // namespace sekisho
