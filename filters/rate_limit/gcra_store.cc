#include "filters/rate_limit/gcra_store.h"

#include <functional>

namespace sekisho::filters {

GcraStore::GcraStore(Rate rate, std::size_t max_keys) : rate_(rate), max_keys_(max_keys) {}

std::optional<Duration> GcraStore::hold(std::string_view key, std::uint64_t n, TimePoint now) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  return touch(shard, key, now).hold(rate_, n, now);
}

void GcraStore::settle(std::string_view key, std::uint64_t n, std::uint64_t kept, TimePoint now) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  touch(shard, key, now).settle(rate_, n, kept, now);
}

std::optional<Duration> GcraStore::take(std::string_view key, std::uint64_t n, TimePoint now) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  Gcra& gcra = touch(shard, key, now);
  if (auto wait = gcra.hold(rate_, n, now)) return wait;
  gcra.settle(rate_, n, n, now);
  return std::nullopt;
}

std::size_t GcraStore::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.entries.size();
  }
  return total;
}

GcraStore::Shard& GcraStore::shard_of(std::string_view key) {
  return shards_[std::hash<std::string_view>{}(key) % kShards];
}

Gcra& GcraStore::touch(Shard& shard, std::string_view key, TimePoint now) {
  auto found = shard.entries.find(key);
  if (found == shard.entries.end()) {
    make_room(shard, now);
    found = shard.entries.emplace(std::string(key), Entry{}).first;
    found->second.place = shard.by_use.insert(shard.by_use.end(), found->first);
  } else {
    shard.by_use.splice(shard.by_use.end(), shard.by_use, found->second.place);
  }
  return found->second.gcra;
}

// A bounded number of steps for each new key, so that a flood of keys stays cheap: more are looked
// at than come, hence idle ones vanish in the end. Keys with places held are passed over (their
// number is bounded by the sessions there are) and put at the end.
void GcraStore::make_room(Shard& shard, TimePoint now) {
  constexpr int kSteps = 8;
  const std::size_t max = (max_keys_ + kShards - 1) / kShards;
  for (int i = 0; i < kSteps && !shard.by_use.empty(); ++i) {
    const auto oldest = shard.entries.find(shard.by_use.front());
    const Gcra& gcra = oldest->second.gcra;
    if (gcra.holds()) {
      shard.by_use.splice(shard.by_use.end(), shard.by_use, shard.by_use.begin());
    } else if (gcra.forgettable(now) || shard.entries.size() >= max) {
      shard.by_use.pop_front();
      shard.entries.erase(oldest);
    } else {
      return;
    }
  }
}

}  // namespace sekisho::filters
