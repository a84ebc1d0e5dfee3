#include "rules/limits/counter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace sekisho::rules::limits {
namespace {

std::chrono::milliseconds up_to_ms(std::chrono::nanoseconds time) {
  return std::chrono::ceil<std::chrono::milliseconds>(time);
}

}  // namespace

struct RecipientMemory::Policy {
  std::int32_t oldest;  // minute
  [[nodiscard]] bool is_empty(const Seen& seen) const { return seen.minute < oldest; }
  [[nodiscard]] static bool is_pinned(const Seen& /*seen*/) { return false; }
  [[nodiscard]] static std::int32_t worth(const Seen& seen) { return seen.minute; }
};

std::int32_t RecipientMemory::minutes(TimePoint now) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count());
}

bool RecipientMemory::knows(Hash128 who, TimePoint now) const {
  const Policy policy{minutes(now) - remembered_};
  return table_.read(who, [&](const Seen& seen) { return !policy.is_empty(seen); });
}

bool RecipientMemory::remember(Hash128 who, TimePoint now) {
  const Policy policy{minutes(now) - remembered_};
  return table_.update(who, policy, [&](Seen& seen) {
    const bool known = !policy.is_empty(seen);
    seen.minute = minutes(now);
    return known;
  });
}

void RecipientMemory::put(Hash128 who, std::int32_t age, TimePoint now) {
  const Policy policy{minutes(now) - remembered_};
  table_.update(who, policy, [&](Seen& seen) { seen.minute = minutes(now) - age; });
}

void RecipientMemory::sweep(TimePoint now) { table_.sweep(Policy{minutes(now) - remembered_}); }

struct Counter::BucketPolicy {
  const Rate& rate;
  std::uint64_t now;
  [[nodiscard]] bool is_empty(const Bucket& bucket) const { return bucket.is_empty(rate, now); }
  [[nodiscard]] static bool is_pinned(const Bucket& bucket) { return bucket.held() > 0; }
  [[nodiscard]] Wide worth(const Bucket& bucket) const { return bucket.whole_level(rate, now); }
};

struct Counter::SharePolicy {
  std::chrono::nanoseconds period;
  std::uint64_t now;
  [[nodiscard]] bool is_empty(const Share& share) const { return share.is_empty(period, now); }
  [[nodiscard]] static bool is_pinned(const Share& /*share*/) { return false; }
  [[nodiscard]] std::uint64_t worth(const Share& share) const {
    return share.read(period, now).refused;
  }
};

Counter::Counter(const Limit& limit, std::size_t max_keys)
    : name_(limit.name),
      shape_(shape_of(limit)),
      unit_(limit.unit),
      share_(limit.share),
      rate_{limit.amount, limit.at_once, limit.period},
      at_least_(limit.at_least) {
  if (share_) {
    shares_ = std::make_unique<KeyTable<Share>>(max_keys);
  } else {
    buckets_ = std::make_unique<KeyTable<Bucket>>(max_keys);
  }
}

std::string Counter::shape_of(const Limit& limit) {
  std::string shape =
      fmt::format("{}{}", limit.share ? "share of " : "", std::to_underlying(limit.unit));
  for (const auto& key : limit.keys) shape += " for " + to_string(key);
  // The windows of a share are as long as its time.
  if (limit.share) shape += fmt::format(" over {}", limit.period.count());
  return shape;
}

engine::LimitState Counter::take(Hash128 key, std::uint64_t cost, TimePoint at) {
  const auto now = ticks(at);
  return buckets_->update(key, BucketPolicy{rate_, now}, [&](Bucket& bucket) {
    engine::LimitState state;
    state.exceeded = !bucket.fits(rate_, cost, now);
    if (state.exceeded) {
      state.wait = up_to_ms(bucket.wait(rate_, cost, now));
    } else {
      bucket.hold(cost);
    }
    state.count = bucket.count(rate_, now);
    return state;
  });
}

void Counter::settle(Hash128 key, std::uint64_t cost, TimePoint at) {
  const auto now = ticks(at);
  buckets_->update(key, BucketPolicy{rate_, now},
                   [&](Bucket& bucket) { bucket.settle(rate_, cost, now); });
}

void Counter::give_back(Hash128 key, std::uint64_t cost, TimePoint at) {
  buckets_->update(key, BucketPolicy{rate_, ticks(at)},
                   [&](Bucket& bucket) { bucket.give_back(cost); });
}

void Counter::count(Hash128 key, std::uint64_t cost, TimePoint at) {
  const auto now = ticks(at);
  buckets_->update(key, BucketPolicy{rate_, now}, [&](Bucket& bucket) {
    const auto there = bucket.count(rate_, now);
    const auto room = rate_.at_once > there ? rate_.at_once - there : 0;
    bucket.hold(std::min(cost, room));
    bucket.settle(rate_, std::min(cost, room), now);
  });
}

engine::LimitState Counter::peek(Hash128 key, std::uint64_t cost, TimePoint at) const {
  const auto now = ticks(at);
  return buckets_->read(key, [&](const Bucket& bucket) {
    engine::LimitState state;
    state.exceeded = !bucket.fits(rate_, cost, now);
    if (state.exceeded) state.wait = up_to_ms(bucket.wait(rate_, cost, now));
    state.count = bucket.count(rate_, now);
    return state;
  });
}

void Counter::count_share(Hash128 key, std::uint64_t total, std::uint64_t refused, TimePoint at) {
  const auto now = ticks(at);
  shares_->update(key, SharePolicy{rate_.period, now},
                  [&](Share& share) { share.add(rate_.period, total, refused, now); });
}

engine::LimitState Counter::peek_share(Hash128 key, TimePoint at) const {
  const auto reading =
      shares_->read(key, [&](const Share& share) { return share.read(rate_.period, ticks(at)); });
  engine::LimitState state;
  state.count = reading.refused;
  state.total = reading.total;
  if (reading.total >= at_least_) state.percent = reading.percent;
  return state;
}

std::size_t Counter::keys() const { return share_ ? shares_->size() : buckets_->size(); }
std::size_t Counter::bytes() const { return share_ ? shares_->bytes() : buckets_->bytes(); }
std::uint64_t Counter::dropped() const { return share_ ? shares_->dropped() : buckets_->dropped(); }

void Counter::sweep(TimePoint at) {
  const auto now = ticks(at);
  if (share_) {
    shares_->sweep(SharePolicy{rate_.period, now});
  } else {
    buckets_->sweep(BucketPolicy{rate_, now});
  }
}

void Counter::take_over(const Counter& other, TimePoint now) {
  if (share_) {
    other.each_share(now, [&](Hash128 key, const Share::Kept& kept) { put_share(key, kept, now); });
  } else {
    other.each_level(now,
                     [&](Hash128 key, Wide level) { put_level(key, level, other.rate_, now); });
  }
}

void Counter::each_level(TimePoint at, const std::function<void(Hash128, Wide)>& f) const {
  const auto now = ticks(at);
  if (share_) return;
  buckets_->each([&](Hash128 key, const Bucket& bucket) {
    if (!bucket.is_empty(rate_, now)) f(key, bucket.whole_level(rate_, now));
  });
}

void Counter::each_share(TimePoint at,
                         const std::function<void(Hash128, const Share::Kept&)>& f) const {
  const auto now = ticks(at);
  if (!share_) return;
  shares_->each([&](Hash128 key, const Share& share) {
    if (!share.is_empty(rate_.period, now)) f(key, share.keep(rate_.period, now));
  });
}

void Counter::put_level(Hash128 key, Wide level, const Rate& of, TimePoint at) {
  const auto now = ticks(at);
  if (of.amount != rate_.amount || of.period != rate_.period) {
    const Wide unit = static_cast<std::uint64_t>(of.period.count());
    level = (level + unit - 1) / unit * static_cast<std::uint64_t>(rate_.period.count());
  }
  buckets_->update(key, BucketPolicy{rate_, now},
                   [&](Bucket& bucket) { bucket = Bucket::of_level(rate_, level, now); });
}

void Counter::put_share(Hash128 key, const Share::Kept& kept, TimePoint at) {
  const auto now = ticks(at);
  shares_->update(key, SharePolicy{rate_.period, now},
                  [&](Share& share) { share = Share::of(kept, rate_.period, now); });
}

}  // namespace sekisho::rules::limits
