// KeyTable: state by key, for very many keys and threads. A key is a hash of 128 bits under a
// secret: nobody makes two that meet, so the hash is the key. Shards with a lock each, open
// addressing in each of them. Entries whose state says nothing any more go when a shard would grow;
// at the bound those go that say least, but none that is pinned (in use by mail under way).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "gateway/base/keyed_hash.h"

namespace sekisho::rules::limits {

// Policy: is_empty(state): says as much as no entry; is_pinned(state); worth(state): ordered.
template <class State>
class KeyTable {
 public:
  static constexpr std::size_t kShards = 256;

  explicit KeyTable(std::size_t max_keys) : max_in_shard_(most_in_shard(max_keys)) {}

  // Keys fall unevenly: with four deviations of room no shard is full before the table is.
  static std::size_t most_in_shard(std::size_t max_keys) {
    const auto even = static_cast<double>(max_keys) / kShards;
    return static_cast<std::size_t>(even + 4 * std::sqrt(even)) + 8;
  }

  // Calls f(State&) under the lock, with a state that is made where there is none.
  auto update(Hash128 key, const auto& policy, const auto& f) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    return f(place_of(shard, marked(key), policy).state);
  }

  // Calls f(const State&) with a copy; State{} where there is none.
  auto read(Hash128 key, const auto& f) const {
    const Shard& shard = shard_of(key);
    State state;
    {
      const std::lock_guard lock(shard.mutex);
      if (const auto* slot = find(shard, marked(key))) state = slot->state;
    }
    return f(std::as_const(state));
  }

  // Calls f(key, State) for all, shard by shard; each shard is copied under its lock.
  void each(const auto& f) const {
    for (const auto& shard : shards_) {
      std::vector<Slot> copy;
      {
        const std::lock_guard lock(shard.mutex);
        copy = shard.slots;
      }
      for (const auto& slot : copy) {
        if (slot.key != Hash128{}) f(slot.key, slot.state);
      }
    }
  }

  // Drops what is empty and gives the memory back.
  void sweep(const auto& policy) {
    for (auto& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      if (shard.count > 0) rebuild(shard, policy, 0);
    }
  }

  [[nodiscard]] std::size_t size() const {
    std::size_t sum = 0;
    for (const auto& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      sum += shard.count;
    }
    return sum;
  }
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = sizeof *this;
    for (const auto& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      sum += shard.slots.capacity() * sizeof(Slot);
    }
    return sum;
  }
  // Entries that went although they said something.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Slot {
    Hash128 key;  // zero: free
    State state;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::vector<Slot> slots;
    std::size_t count = 0;
  };

  static Hash128 marked(Hash128 key) { return key == Hash128{} ? Hash128{1, 0} : key; }
  Shard& shard_of(Hash128 key) { return shards_[key.high % kShards]; }
  const Shard& shard_of(Hash128 key) const { return shards_[key.high % kShards]; }

  static const Slot* find(const Shard& shard, Hash128 key) {
    if (shard.slots.empty()) return nullptr;
    const std::size_t mask = shard.slots.size() - 1;
    for (std::size_t i = key.low & mask; shard.slots[i].key != Hash128{}; i = (i + 1) & mask) {
      if (shard.slots[i].key == key) return &shard.slots[i];
    }
    return nullptr;
  }

  static Slot& free_slot(std::vector<Slot>& slots, Hash128 key) {
    const std::size_t mask = slots.size() - 1;
    std::size_t i = key.low & mask;
    while (slots[i].key != Hash128{}) i = (i + 1) & mask;
    return slots[i];
  }

  Slot& place_of(Shard& shard, Hash128 key, const auto& policy) {
    if (const auto* slot = find(shard, key)) return const_cast<Slot&>(*slot);
    if (shard.count + 1 > shard.slots.size() / 8 * 7 || shard.count >= max_in_shard_) {
      rebuild(shard, policy, 1);
    }
    Slot& slot = free_slot(shard.slots, key);
    slot = {key, State{}};
    ++shard.count;
    return slot;
  }

  void rebuild(Shard& shard, const auto& policy, std::size_t coming) {
    std::vector<Slot> live;
    live.reserve(shard.count);
    for (const auto& slot : shard.slots) {
      if (slot.key != Hash128{} && !policy.is_empty(slot.state)) live.push_back(slot);
    }
    if (live.size() + coming > max_in_shard_) make_room(live, policy);
    const std::size_t wanted = live.size() + coming;
    std::vector<Slot> slots(wanted == 0 ? 0 : std::bit_ceil(wanted + wanted / 2 + 4));
    for (const auto& slot : live) free_slot(slots, slot.key) = slot;
    shard.slots = std::move(slots);
    shard.count = live.size();
  }

  // An eighth at once, so that a shard that stays full is not sorted for each new key.
  void make_room(std::vector<Slot>& live, const auto& policy) {
    const auto loose = std::partition(
        live.begin(), live.end(), [&](const Slot& slot) { return policy.is_pinned(slot.state); });
    const auto some =
        std::min(live.end() - loose, static_cast<std::ptrdiff_t>(live.size() / 8 + 1));
    std::nth_element(loose, loose + (some == 0 ? 0 : some - 1), live.end(),
                     [&](const Slot& a, const Slot& b) {
                       return policy.worth(a.state) < policy.worth(b.state);
                     });
    live.erase(loose, loose + some);
    dropped_ += static_cast<std::uint64_t>(some);
  }

  std::size_t max_in_shard_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace sekisho::rules::limits
