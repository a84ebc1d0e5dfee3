// Counter: what one limit has counted, by key. It goes on across reloads as long as a limit of that
// name counts the same. Thread-safe: check and charge are one step under one lock, so that of any
// number of sessions at once not one more passes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/base/time.h"
#include "rules/check/rule_set.h"
#include "rules/engine/limits.h"
#include "rules/limits/bucket.h"
#include "rules/limits/key_table.h"
#include "rules/limits/share.h"

namespace sekisho::rules::limits {

// Who was written to: by key and recipient, as a hash of both.
class RecipientMemory {
 public:
  RecipientMemory(std::size_t max, std::chrono::minutes remembered)
      : remembered_(static_cast<std::int32_t>(remembered.count())), table_(max) {}

  [[nodiscard]] bool knows(Hash128 who, TimePoint now) const;
  // Whether it was known already.
  bool remember(Hash128 who, TimePoint now);
  [[nodiscard]] std::size_t size() const { return table_.size(); }
  [[nodiscard]] std::size_t bytes() const { return table_.bytes(); }
  void sweep(TimePoint now);

  // Ages in minutes, for what is kept on disk.
  void each(TimePoint now, const auto& f) const {
    const auto today = minutes(now);
    table_.each([&](Hash128 who, const Seen& seen) { f(who, today - seen.minute); });
  }
  void put(Hash128 who, std::int32_t age, TimePoint now);

 private:
  struct Seen {
    std::int32_t minute = kNever;
  };
  static constexpr std::int32_t kNever = INT32_MIN;
  struct Policy;
  [[nodiscard]] static std::int32_t minutes(TimePoint now);

  std::int32_t remembered_;
  KeyTable<Seen> table_;
};

class Counter {
 public:
  Counter(const Limit& limit, std::size_t max_keys);

  // What makes two limits of one name count the same: unit, keys, share. Amounts may differ.
  [[nodiscard]] static std::string shape_of(const Limit& limit);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& shape() const { return shape_; }
  [[nodiscard]] const Rate& rate() const { return rate_; }
  [[nodiscard]] Limit::Unit unit() const { return unit_; }
  [[nodiscard]] bool is_share() const { return share_; }
  [[nodiscard]] std::uint64_t at_least() const { return at_least_; }

  // Of an amount. take() holds the cost where it fits, to be settled or given back.
  engine::LimitState take(Hash128 key, std::uint64_t cost, TimePoint now);
  void settle(Hash128 key, std::uint64_t cost, TimePoint now);
  void give_back(Hash128 key, std::uint64_t cost, TimePoint now);
  // Takes and settles as much of it as fits: what has happened already.
  void count(Hash128 key, std::uint64_t cost, TimePoint now);
  [[nodiscard]] engine::LimitState peek(Hash128 key, std::uint64_t cost, TimePoint now) const;

  // Of a share.
  void count_share(Hash128 key, std::uint64_t total, std::uint64_t refused, TimePoint now);
  [[nodiscard]] engine::LimitState peek_share(Hash128 key, TimePoint now) const;

  [[nodiscard]] std::size_t keys() const;
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] std::uint64_t dropped() const;  // keys that went since there were too many
  void sweep(TimePoint now);

  // Of another counter of the same shape: its amounts may be others. What mail under way holds
  // there counts as settled here.
  void take_over(const Counter& other, TimePoint now);

  // What is kept on disk (snapshot.cc).
  void each_level(TimePoint now, const std::function<void(Hash128, Wide)>& f) const;
  void each_share(TimePoint now, const std::function<void(Hash128, const Share::Kept&)>& f) const;
  void put_level(Hash128 key, Wide level, const Rate& of, TimePoint now);
  void put_share(Hash128 key, const Share::Kept& kept, TimePoint now);

 private:
  struct BucketPolicy;
  struct SharePolicy;

  std::string name_;
  std::string shape_;
  Limit::Unit unit_;
  bool share_;
  Rate rate_;
  std::uint64_t at_least_;
  std::unique_ptr<KeyTable<Bucket>> buckets_;  // null: a share
  std::unique_ptr<KeyTable<Share>> shares_;
};

}  // namespace sekisho::rules::limits
