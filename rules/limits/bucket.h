// The arithmetic of a limit on an amount: GCRA, as whole numbers without rounding. A bucket holds
// at most `at_once`; what it holds runs off at `amount` for each `period`. What mail under way has
// taken is held apart: it doesn't run off until it is settled, and is given back without a trace.
// So level + held never exceeds `at_once`, whatever is given back when, and in any time t at most
// at_once + t·amount/period is settled. Pure; the caller holds the lock.
#pragma once

#include <chrono>
#include <cstdint>

#include "gateway/base/time.h"

namespace sekisho::rules::limits {

// Of units times nanoseconds: 2^50 bytes in 31 days need 102 bits.
__extension__ using Wide = unsigned __int128;

struct Rate {
  std::uint64_t amount = 1;
  std::uint64_t at_once = 1;
  std::chrono::nanoseconds period{};  // above 0
  bool operator==(const Rate&) const = default;
};

// The clock of the counters: nanoseconds, never below 0.
[[nodiscard]] std::uint64_t ticks(TimePoint now);

class Bucket {
 public:
  [[nodiscard]] bool fits(const Rate& rate, std::uint64_t cost, std::uint64_t now) const;
  // What fits.
  void hold(std::uint64_t cost) { held_ += cost; }
  // Ends of what was held.
  void settle(const Rate& rate, std::uint64_t cost, std::uint64_t now);
  void give_back(std::uint64_t cost);

  // What it holds now, in units, rounded up.
  [[nodiscard]] std::uint64_t count(const Rate& rate, std::uint64_t now) const;
  // Until `cost` fits if nothing else comes; of more than ever fits, until the bucket is empty.
  [[nodiscard]] std::chrono::nanoseconds wait(const Rate& rate, std::uint64_t cost,
                                              std::uint64_t now) const;
  [[nodiscard]] std::uint64_t held() const { return held_; }
  [[nodiscard]] bool is_empty(const Rate& rate, std::uint64_t now) const {
    return held_ == 0 && level(rate, now) == 0;
  }
  // Held included, as units times the period.
  [[nodiscard]] Wide whole_level(const Rate& rate, std::uint64_t now) const;
  static Bucket of_level(const Rate& rate, Wide level, std::uint64_t now);

 private:
  [[nodiscard]] Wide level(const Rate& rate, std::uint64_t now) const;
  void put_empty_at(Wide when) {
    empty_high_ = static_cast<std::uint64_t>(when >> 64U);
    empty_low_ = static_cast<std::uint64_t>(when);
  }
  [[nodiscard]] Wide empty_at() const {
    return (static_cast<Wide>(empty_high_) << 64U) | empty_low_;
  }

  // When it will be empty: nanoseconds times the amount. In halves, which need no alignment of 16.
  std::uint64_t empty_high_ = 0;
  std::uint64_t empty_low_ = 0;
  std::uint64_t held_ = 0;
};

}  // namespace sekisho::rules::limits
