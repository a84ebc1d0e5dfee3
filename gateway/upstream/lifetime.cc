#include "gateway/upstream/lifetime.h"

#include <algorithm>
#include <cmath>

namespace sekisho::upstream {
namespace {

constexpr double kSpread = 0.2;

}  // namespace

Lifetime Lifetime::draw(const UpstreamSettings& settings, TimePoint opened, double chance) {
  const double share = 1.0 - kSpread * std::clamp(chance, 0.0, 1.0);
  const auto age = std::chrono::duration_cast<Duration>(Duration(settings.max_age) * share);
  const double messages = std::ceil(static_cast<double>(settings.max_messages) * share);
  return {opened + age, std::max<std::int64_t>(1, static_cast<std::int64_t>(messages))};
}

}  // namespace sekisho::upstream
