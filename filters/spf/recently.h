// Recently: which domains were looked at in the last hour, so that each is looked at once in it.
// Shared by all threads.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "gateway/base/time.h"

namespace sekisho::spf {

class Recently {
 public:
  static constexpr Duration kInterval = 1h;
  static constexpr std::size_t kMaxDomains = 10'000;

  // Is this domain's turn? Then it is not for an hour. When too many are known, no other has one.
  bool take_turn(const std::string& domain, TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (const auto known = next_.find(domain); known != next_.end()) {
      if (now < known->second) return false;
      known->second = now + kInterval;
      return true;
    }
    if (next_.size() >= kMaxDomains)
      std::erase_if(next_, [now](const auto& entry) { return entry.second <= now; });
    return next_.size() < kMaxDomains && next_.emplace(domain, now + kInterval).second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, TimePoint> next_;
};

}  // namespace sekisho::spf
