// What a limit or a share counts, besides the edges: giving back, keys and their bound, other
// amounts.
#include <chrono>
#include <cstdint>

#include <gtest/gtest.h>

#include "rules/limits/counter.h"

namespace sekisho::rules::limits {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr Hash128 kKey{1, 2};

Limit limit_of(std::uint64_t amount, nanoseconds period, std::uint64_t at_once) {
  Limit limit;
  limit.name = "l";
  limit.amount = amount;
  limit.at_once = at_once;
  limit.period = std::chrono::duration_cast<milliseconds>(period);
  return limit;
}

TEST(ALimit, GivesBackWithoutATrace) {
  Counter counter(limit_of(60, 1min, 2), 1000);
  TimePoint now{1h};
  EXPECT_FALSE(counter.take(kKey, 2, now).exceeded);
  EXPECT_TRUE(counter.take(kKey, 1, now).exceeded);
  counter.give_back(kKey, 2, now);
  EXPECT_EQ(counter.peek(kKey, 0, now).count, 0U);
  EXPECT_FALSE(counter.take(kKey, 2, now).exceeded);
}

TEST(ALimit, DoesNotLetRunOffWhatMailUnderWayHolds) {
  Counter counter(limit_of(60, 1min, 2), 1000);
  TimePoint now{1h};
  EXPECT_FALSE(counter.take(kKey, 2, now).exceeded);
  now += 1h;
  EXPECT_TRUE(counter.take(kKey, 1, now).exceeded);
  counter.settle(kKey, 2, now);
  EXPECT_TRUE(counter.take(kKey, 1, now).exceeded);
  now += 1s;
  EXPECT_FALSE(counter.take(kKey, 1, now).exceeded);
}

// Otherwise a mail that is held until others are through, and then given up, would make room twice.
TEST(ALimit, IsNotWidenedByMailThatIsGivenUp) {
  Counter counter(limit_of(60, 1min, 10), 1000);
  TimePoint now{1h};
  std::uint64_t passed = 0;
  EXPECT_FALSE(counter.take(kKey, 9, now).exceeded);
  for (int i = 0; i < 100; ++i) {
    now += 100ms;
    if (!counter.take(kKey, 1, now).exceeded) {
      counter.settle(kKey, 1, now);
      ++passed;
    }
  }
  counter.give_back(kKey, 9, now);
  while (!counter.take(kKey, 1, now).exceeded) {
    counter.settle(kKey, 1, now);
    ++passed;
  }
  EXPECT_LE(passed, 10U + 10U);  // at once, and one a second for ten seconds
}

TEST(ALimit, CountsEachKeyByItself) {
  Counter counter(limit_of(1, 1h, 1), 1000);
  const TimePoint now{1h};
  EXPECT_FALSE(counter.take(kKey, 1, now).exceeded);
  EXPECT_FALSE(counter.take(Hash128{2, 2}, 1, now).exceeded);
  EXPECT_FALSE(counter.take(Hash128{}, 1, now).exceeded);
  EXPECT_TRUE(counter.take(Hash128{}, 1, now).exceeded);
}

TEST(ALimit, CountsWhatHasHappenedUpToItsBrim) {
  Counter counter(limit_of(60, 1h, 3), 1000);
  TimePoint now{1h};
  counter.count(kKey, 2, now);
  EXPECT_FALSE(counter.peek(kKey, 1, now).exceeded);
  counter.count(kKey, 5, now);
  EXPECT_EQ(counter.peek(kKey, 1, now).count, 3U);
  EXPECT_TRUE(counter.peek(kKey, 1, now).exceeded);
  EXPECT_FALSE(counter.peek(kKey, 1, now + 1min).exceeded);
}

TEST(ALimit, ForgetsKeysThatSayNothing) {
  Counter counter(limit_of(1, 1s, 1), 1'000'000);
  TimePoint now{1h};
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    counter.take({i, i}, 1, now);
    counter.settle({i, i}, 1, now);
  }
  EXPECT_EQ(counter.keys(), 10'000U);
  counter.sweep(now + 1s);
  EXPECT_EQ(counter.keys(), 0U);
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    now += 1ms;
    counter.take({i * 77, i}, 1, now);
    counter.settle({i * 77, i}, 1, now);
  }
  EXPECT_LT(counter.keys(), 5'000U) << "some thousand are alive at a time";
  EXPECT_EQ(counter.dropped(), 0U);
}

TEST(ALimit, HoldsItsBoundOfKeysAndKeepsThoseThatCountMost) {
  Counter counter(limit_of(100, 1h, 100), 256 * 16);
  TimePoint now{1h};
  for (std::uint64_t i = 1; i <= 256; ++i) {
    EXPECT_FALSE(counter.take({i, i}, 90, now).exceeded);
    counter.settle({i, i}, 90, now);
  }
  EXPECT_FALSE(counter.take({1000, 3}, 1, now).exceeded);  // of mail under way
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    counter.take({i * 1013, i}, 1, now);
    counter.settle({i * 1013, i}, 1, now);
  }
  EXPECT_LE(counter.keys(), 256 * KeyTable<Bucket>::most_in_shard(256 * 16));
  EXPECT_GT(counter.dropped(), 80'000U);
  for (std::uint64_t i = 1; i <= 256; ++i) EXPECT_GE(counter.peek({i, i}, 0, now).count, 90U);
  EXPECT_EQ(counter.peek({1000, 3}, 0, now).count, 1U);
}

TEST(ALimit, TakesOtherAmountsOverFromTheOneBefore) {
  const TimePoint now{1h};
  Counter before(limit_of(100, 1h, 100), 1000);
  before.take(kKey, 60, now);
  before.settle(kKey, 40, now);
  Counter after(limit_of(50, 1h, 70), 1000);
  after.take_over(before, now);
  EXPECT_EQ(after.peek(kKey, 0, now).count, 60U);
  EXPECT_FALSE(after.peek(kKey, 10, now).exceeded);
  EXPECT_TRUE(after.peek(kKey, 11, now).exceeded);
  Counter less(limit_of(10, 1h, 10), 1000);
  less.take_over(before, now);
  EXPECT_TRUE(less.peek(kKey, 1, now).exceeded);
  EXPECT_FALSE(less.peek(kKey, 1, now + 6h).exceeded);
}

Limit share_of(nanoseconds period, std::uint64_t at_least) {
  Limit limit = limit_of(0, period, 0);
  limit.share = true;
  limit.at_least = at_least;
  return limit;
}

TEST(AShare, SaysNothingBelowItsLeastNumber) {
  Counter counter(share_of(10min, 20), 1000);
  const TimePoint now{1h};
  EXPECT_FALSE(counter.peek_share(kKey, now).percent.has_value());
  counter.count_share(kKey, 19, 19, now);
  EXPECT_FALSE(counter.peek_share(kKey, now).percent.has_value());
  EXPECT_EQ(counter.peek_share(kKey, now).total, 19U);
  counter.count_share(kKey, 1, 0, now);
  EXPECT_DOUBLE_EQ(counter.peek_share(kKey, now).percent.value_or(0), 95.0);
}

TEST(AShare, IsThatOfTheTenPolicies) {
  Counter counter(share_of(10min, 20), 1000);
  const TimePoint now{1h};
  counter.count_share(kKey, 40, 0, now);
  for (int i = 0; i < 40; ++i) counter.count_share(kKey, 1, 1, now);
  EXPECT_DOUBLE_EQ(counter.peek_share(kKey, now).percent.value_or(0), 50.0);
  counter.count_share(kKey, 1, 1, now);
  EXPECT_GT(counter.peek_share(kKey, now).percent.value_or(0), 50.0);
  EXPECT_EQ(counter.peek_share(kKey, now).total, 81U);
  EXPECT_EQ(counter.peek_share(kKey, now).count, 41U);
}

TEST(AShare, FadesOverTheWindowBehindItsOwn) {
  Counter counter(share_of(10min, 1), 1000);
  const TimePoint begin{1h};  // a window begins
  counter.count_share(kKey, 100, 60, begin);
  EXPECT_EQ(counter.peek_share(kKey, begin + 10min - 1ns).total, 100U);
  EXPECT_EQ(counter.peek_share(kKey, begin + 10min).total, 100U);
  EXPECT_EQ(counter.peek_share(kKey, begin + 15min).total, 50U);
  EXPECT_EQ(counter.peek_share(kKey, begin + 15min).count, 30U);
  EXPECT_DOUBLE_EQ(counter.peek_share(kKey, begin + 15min).percent.value_or(0), 60.0);
  EXPECT_EQ(counter.peek_share(kKey, begin + 20min - 1ns).total, 0U);
  EXPECT_EQ(counter.peek_share(kKey, begin + 20min).total, 0U);
  EXPECT_EQ(counter.peek_share(kKey, begin + 20h).total, 0U);
  counter.count_share(kKey, 10, 0, begin + 15min);
  EXPECT_DOUBLE_EQ(counter.peek_share(kKey, begin + 15min).percent.value_or(0), 50.0);
}

TEST(RememberedRecipients, AreForgottenAfterTheirTime) {
  RecipientMemory memory(1000, 24h);
  const TimePoint now{1h};
  EXPECT_FALSE(memory.knows(kKey, now));
  EXPECT_FALSE(memory.remember(kKey, now));
  EXPECT_TRUE(memory.remember(kKey, now));
  EXPECT_TRUE(memory.knows(kKey, now + 24h));
  EXPECT_FALSE(memory.knows(kKey, now + 24h + 1min));
  EXPECT_TRUE(memory.remember(kKey, now + 20h));
  EXPECT_TRUE(memory.knows(kKey, now + 40h));
}

TEST(RememberedRecipients, AreBoundedAndTheOldestGo) {
  RecipientMemory memory(256 * 8, 24h);
  TimePoint now{1h};
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    if (i % 100 == 0) now += 1min;
    memory.remember({i * 31, i}, now);
  }
  EXPECT_LE(memory.size(), 256 * KeyTable<Bucket>::most_in_shard(256 * 8));
  EXPECT_TRUE(memory.knows({20'000 * 31, 20'000}, now));
  EXPECT_FALSE(memory.knows({31, 1}, now));
}

}  // namespace
}  // namespace sekisho::rules::limits
