// RespawnDelay: how long to wait before the next process of a kind. One that had served for a while
// is replaced at once, whatever ended it; processes that die young in a row are given ever more
// time, up to 10 s. Pure.
#pragma once

#include <algorithm>

#include "gateway/base/time.h"

namespace sekisho {

class RespawnDelay {
 public:
  static constexpr Duration kYoung = 100ms;  // had served for less
  static constexpr int kAtOnce = 5;          // so many young deaths in a row are no reason to wait
  static constexpr Duration kFirst = 100ms;
  static constexpr Duration kMost = 10s;

  // The delay after the death of a process that had served for `served`; zero: it never did.
  Duration after(Duration served) {
    in_a_row_ = served >= kYoung ? 0 : std::min(in_a_row_ + 1, kAtOnce + 8);
    if (in_a_row_ <= kAtOnce) return Duration::zero();
    return std::min(kMost, kFirst * (1 << (in_a_row_ - kAtOnce - 1)));
  }

 private:
  int in_a_row_ = 0;
};

}  // namespace sekisho
