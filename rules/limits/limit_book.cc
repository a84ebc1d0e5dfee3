#include "rules/limits/limit_book.h"

#include <algorithm>
#include <utility>

namespace sekisho::rules::limits {

LimitBook::LimitBook(Options options, HashKey key)
    : options_(options),
      hash_key_(key),
      recipients_(std::make_shared<RecipientMemory>(options.max_recipients, options.remembered)) {}

std::shared_ptr<const Counters> LimitBook::adopt(const RuleSet& set, TimePoint now) {
  const std::lock_guard lock(mutex_);
  auto out = std::make_shared<Counters>();
  out->recipients = recipients_;
  out->hash_key = hash_key_;
  std::map<std::string, std::shared_ptr<Counter>> next;
  // Its own part for each: who fills the table of client addresses pushes no account out of
  // another.
  const std::size_t part = options_.max_keys / std::max<std::size_t>(1, set.limits.size());
  for (const auto& limit : set.limits) {
    auto counter = std::make_shared<Counter>(limit, part);
    if (const auto old = counters_.find(limit.name);
        old != counters_.end() && old->second->shape() == counter->shape()) {
      // Sessions that began before settle what they hold in the old one where the amounts differ.
      if (old->second->rate() == counter->rate() &&
          old->second->at_least() == counter->at_least()) {
        counter = old->second;
      } else {
        counter->take_over(*old->second, now);
      }
    } else if (const auto saved = saved_.find(limit.name);
               saved != saved_.end() && saved->second.shape == counter->shape()) {
      for (const auto& [key, level] : saved->second.levels) {
        counter->put_level(key, level, saved->second.rate, now);
      }
      for (const auto& [key, kept] : saved->second.shares) counter->put_share(key, kept, now);
    }
    next.emplace(limit.name, counter);
    out->limits.push_back(std::move(counter));
  }
  for (const auto& [name, counter] : counters_) {
    const auto still = next.find(name);
    if (still == next.end() || still->second != counter) dropped_before_ += counter->dropped();
  }
  counters_ = std::move(next);
  saved_.clear();
  return out;
}

std::map<std::string, std::shared_ptr<Counter>> LimitBook::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void LimitBook::sweep(TimePoint now) {
  for (const auto& [name, counter] : counters()) counter->sweep(now);
  recipients_->sweep(now);
}

std::size_t LimitBook::keys() const {
  std::size_t sum = 0;
  for (const auto& [name, counter] : counters()) sum += counter->keys();
  return sum;
}

std::size_t LimitBook::bytes() const {
  std::size_t sum = recipients_->bytes();
  for (const auto& [name, counter] : counters()) sum += counter->bytes();
  return sum;
}

std::uint64_t LimitBook::dropped() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = dropped_before_;
  for (const auto& [name, counter] : counters_) sum += counter->dropped();
  return sum;
}

}  // namespace sekisho::rules::limits
