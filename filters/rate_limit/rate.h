// Rate: "200/1h" or "200/1h burst 50" as a value. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/time.h"

namespace sekisho::filters {

// `count` in each `period`, evenly; up to `burst` at once after a rest. In any stretch of time t at
// most burst + t / interval() pass.
struct Rate {
  std::uint64_t count = 1;
  Duration period{};
  std::uint64_t burst = 1;

  // "COUNT/PERIOD [burst COUNT]"; the period is a number with s, m, h or d, the number 1 may be
  // left out ("10/s"). Without `burst` the whole count may come at once. Errors say the way out.
  static Result<Rate> parse(std::string_view text);

  // The time in which one place comes free, rounded up so that the rate is never above the text's.
  [[nodiscard]] Duration interval() const;
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Rate&) const = default;
};

}  // namespace sekisho::filters
