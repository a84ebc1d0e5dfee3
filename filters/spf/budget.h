// How long an evaluation may take so that it has its own answer, temperror, before the check is
// cut. Pure.
#pragma once

#include <algorithm>

#include "gateway/base/time.h"

namespace sekisho::spf {

inline Deadline budget(Deadline cut, Duration most) {
  constexpr Duration kReserve = 250ms;
  const TimePoint now = Clock::now();
  const Duration left = cut.remaining(now);
  return Deadline::at(now + std::min(most, left - std::min(left / 4, kReserve)));
}

}  // namespace sekisho::spf
