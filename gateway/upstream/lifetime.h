// Lifetime: how long one connection is used, and for how many messages. Drawn for each connection
// somewhat below the configured bounds, so that connections which were opened together do not end
// together. Pure.
#pragma once

#include <cstdint>

#include "gateway/base/time.h"
#include "gateway/upstream/settings.h"

namespace sekisho::upstream {

struct Lifetime {
  TimePoint end = TimePoint::max();
  std::int64_t messages = 1;

  // `chance`: from 0, the full bounds, to 1, a fifth less.
  static Lifetime draw(const UpstreamSettings& settings, TimePoint opened, double chance);
  [[nodiscard]] bool over(TimePoint now, std::int64_t sent) const {
    return now >= end || sent >= messages;
  }
};

}  // namespace sekisho::upstream
