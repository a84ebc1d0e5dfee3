#include "rules/limits/bucket.h"

#include <algorithm>

namespace sekisho::rules::limits {
namespace {

Wide units(const Rate& rate, std::uint64_t count) {
  return static_cast<Wide>(count) * static_cast<std::uint64_t>(rate.period.count());
}

Wide rounded_up(Wide value, Wide by) { return (value + by - 1) / by; }

}  // namespace

std::uint64_t ticks(TimePoint now) {
  const auto since =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<decltype(since)>(since, 0));
}

Wide Bucket::level(const Rate& rate, std::uint64_t now) const {
  const Wide there = static_cast<Wide>(now) * rate.amount;
  return empty_at() > there ? empty_at() - there : 0;
}

Wide Bucket::whole_level(const Rate& rate, std::uint64_t now) const {
  return level(rate, now) + units(rate, held_);
}

bool Bucket::fits(const Rate& rate, std::uint64_t cost, std::uint64_t now) const {
  if (cost > rate.at_once) return false;
  return whole_level(rate, now) + units(rate, cost) <= units(rate, rate.at_once);
}

void Bucket::settle(const Rate& rate, std::uint64_t cost, std::uint64_t now) {
  give_back(cost);
  put_empty_at(std::max(empty_at(), static_cast<Wide>(now) * rate.amount) + units(rate, cost));
}

void Bucket::give_back(std::uint64_t cost) { held_ -= std::min(held_, cost); }

std::uint64_t Bucket::count(const Rate& rate, std::uint64_t now) const {
  return held_ + static_cast<std::uint64_t>(rounded_up(level(rate, now), units(rate, 1)));
}

std::chrono::nanoseconds Bucket::wait(const Rate& rate, std::uint64_t cost,
                                      std::uint64_t now) const {
  const Wide wanted = whole_level(rate, now) + units(rate, std::min(cost, rate.at_once));
  const Wide room = units(rate, rate.at_once);
  if (wanted <= room) return std::chrono::nanoseconds(0);
  constexpr Wide kLongest = std::chrono::nanoseconds(std::chrono::years(10)).count();
  const auto wait = std::min(rounded_up(wanted - room, rate.amount), kLongest);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(wait));
}

Bucket Bucket::of_level(const Rate& rate, Wide level, std::uint64_t now) {
  Bucket bucket;
  bucket.put_empty_at(static_cast<Wide>(now) * rate.amount + level);
  return bucket;
}

}  // namespace sekisho::rules::limits
