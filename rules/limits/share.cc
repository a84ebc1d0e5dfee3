#include "rules/limits/share.h"

#include <algorithm>
#include <limits>

#include "rules/limits/bucket.h"

namespace sekisho::rules::limits {
namespace {

std::uint64_t length(std::chrono::nanoseconds period) {
  return static_cast<std::uint64_t>(period.count());
}

void add_to(std::uint32_t& sum, std::uint64_t amount) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  sum = static_cast<std::uint32_t>(std::min(kMost, sum + std::min(amount, kMost)));
}

}  // namespace

void Share::turn_to(std::uint64_t window) {
  if (window == window_) return;
  const bool next = window == window_ + 1;
  total_before_ = next ? total_ : 0;
  refused_before_ = next ? refused_ : 0;
  total_ = 0;
  refused_ = 0;
  window_ = window;
}

void Share::add(std::chrono::nanoseconds period, std::uint64_t total, std::uint64_t refused,
                std::uint64_t now) {
  turn_to(now / length(period));
  add_to(total_, total);
  add_to(refused_, std::min(refused, total));
}

Share::Reading Share::read(std::chrono::nanoseconds period, std::uint64_t now) const {
  Share at = *this;
  at.turn_to(now / length(period));
  const Wide whole = length(period);
  const Wide left = whole - now % length(period);  // of the window before
  const Wide total = at.total_ * whole + at.total_before_ * left;
  const Wide refused = at.refused_ * whole + at.refused_before_ * left;
  Reading reading;
  reading.total = static_cast<std::uint64_t>(total / whole);
  reading.refused = static_cast<std::uint64_t>(refused / whole);
  if (total > 0) reading.percent = static_cast<double>(refused) / static_cast<double>(total) * 100;
  return reading;
}

bool Share::is_empty(std::chrono::nanoseconds period, std::uint64_t now) const {
  return (total_ == 0 && total_before_ == 0) || now / length(period) > window_ + 1;
}

Share::Kept Share::keep(std::chrono::nanoseconds period, std::uint64_t now) const {
  return {now / length(period) - window_, total_, refused_, total_before_, refused_before_};
}

Share Share::of(const Kept& kept, std::chrono::nanoseconds period, std::uint64_t now) {
  Share share;
  const std::uint64_t window = now / length(period);
  if (kept.windows > 1) return share;  // long gone
  if (kept.windows == 0) {
    share.total_ = kept.total;
    share.refused_ = kept.refused;
    share.total_before_ = kept.total_before;
    share.refused_before_ = kept.refused_before;
  } else {
    share.total_before_ = kept.total;
    share.refused_before_ = kept.refused;
  }
  share.window_ = window;
  return share;
}

}  // namespace sekisho::rules::limits
