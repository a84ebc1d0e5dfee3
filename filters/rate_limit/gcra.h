// Gcra: one key's state under a Rate: the generic cell rate algorithm, one time point instead of a
// list of events. Pure; no locks (gcra_store.h has them).
//
// Places are held first and settled later, when it is known whether the mail went through: what was
// refused is given back exactly, and what is on its way counts as if it had gone through already.
// So however many sessions of one user run at once, no more than the rate gets through.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "filters/rate_limit/rate.h"

namespace sekisho::filters {

class Gcra {
 public:
  // Holds `n` places, or returns how long to wait until they would be free, should all that is held
  // be kept. `n` is at most the burst.
  std::optional<Duration> hold(const Rate& rate, std::uint64_t n, TimePoint now) {
    const auto wanted = static_cast<std::int64_t>(held_ + n);
    const TimePoint filled = std::max(free_again_, now) + rate.interval() * wanted;
    const TimePoint limit = now + rate.interval() * static_cast<std::int64_t>(rate.burst);
    if (filled > limit) return filled - limit;
    held_ += n;
    return std::nullopt;
  }

  // Ends the hold of `n` places: `kept` of them are used, the others free again.
  void settle(const Rate& rate, std::uint64_t n, std::uint64_t kept, TimePoint now) {
    held_ -= std::min(n, held_);
    if (kept == 0) return;
    free_again_ =
        std::max(free_again_, now) + rate.interval() * static_cast<std::int64_t>(std::min(kept, n));
  }

  // Nothing worth remembering: as a key that was never seen.
  [[nodiscard]] bool forgettable(TimePoint now) const { return held_ == 0 && free_again_ <= now; }
  [[nodiscard]] bool holds() const { return held_ > 0; }

 private:
  TimePoint free_again_{};  // when everything used is free again ("theoretical arrival time")
  std::uint64_t held_ = 0;
};

}  // namespace sekisho::filters
