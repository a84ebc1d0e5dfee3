#include "filters/rate_limit/gcra.h"

#include <atomic>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "filters/rate_limit/gcra_store.h"
#include "filters/rate_limit/rate.h"

namespace sekisho::filters {
namespace {

const TimePoint kStart{std::chrono::hours(1000)};
constexpr Duration kTick{1};  // the clock's smallest step

Rate rate(std::string_view text) { return Rate::parse(text).value(); }

TEST(Rate, ReadsCountPeriodAndBurst) {
  struct Case {
    std::string_view text;
    std::uint64_t count;
    Duration period;
    std::uint64_t burst;
  };
  for (const Case& each :
       {Case{"200/1h", 200, 1h, 200}, Case{"200/h", 200, 1h, 200}, Case{" 10 / 30s ", 10, 30s, 10},
        Case{"1/1d", 1, 24h, 1}, Case{"200/1h burst 50", 200, 1h, 50},
        Case{"6/1m  burst  12", 6, 1min, 12},
        Case{"1000000/31d", 1'000'000, 31 * 24h, 1'000'000}}) {
    const auto parsed = Rate::parse(each.text);
    ASSERT_TRUE(parsed) << each.text;
    EXPECT_EQ(*parsed, (Rate{each.count, each.period, each.burst})) << each.text;
  }
}

TEST(Rate, RefusesWhatIsNotALimitAndSaysTheWayOut) {
  for (const std::string_view text : {"",
                                      "200",
                                      "/1h",
                                      "200/",
                                      "0/1h",
                                      "-1/1h",
                                      "1.5/1h",
                                      "2000000/1h",
                                      "10/0s",
                                      "10/1w",
                                      "10/1",
                                      "10/32d",
                                      "10/1h30m",
                                      "10/1h burst",
                                      "10/1h burst 0",
                                      "10/1h bust 5",
                                      "10/1h burst 5 x",
                                      "10/1h/2",
                                      "1/31d burst 1000000",
                                      "99999999999999999999/1h",
                                      "10/99999999999999999999s"}) {
    const auto parsed = Rate::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().text.find("write \"200/1h\""), std::string::npos) << text;
  }
}

TEST(Rate, IsWrittenAsItIsRead) {
  for (const std::string_view text : {"200/1h", "10/30s", "1/1d", "200/1h burst 50", "7/90m"}) {
    EXPECT_EQ(rate(text).to_string(), text);
  }
}

TEST(Rate, RoundsItsIntervalUpSoThatNoMoreThanTheCountPasses) {
  const Rate third = rate("3/1s");
  EXPECT_GE(third.interval() * 3, Duration(1s));
  EXPECT_LE(third.interval() * 3, Duration(1s) + 3 * kTick);
}

TEST(Gcra, LetsTheBurstThroughAndNotOneMore) {
  const Rate limit = rate("60/1h burst 3");
  Gcra gcra;
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(gcra.hold(limit, 1, kStart)) << i;
    gcra.settle(limit, 1, 1, kStart);
  }
  const auto wait = gcra.hold(limit, 1, kStart);
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, Duration(1min));
}

TEST(Gcra, OpensAtTheVeryMomentItNamedAndNotBefore) {
  const Rate limit = rate("60/1h burst 1");
  Gcra gcra;
  ASSERT_FALSE(gcra.hold(limit, 1, kStart));
  gcra.settle(limit, 1, 1, kStart);
  EXPECT_EQ(gcra.hold(limit, 1, kStart + 1min - kTick), kTick);
  EXPECT_FALSE(gcra.hold(limit, 1, kStart + 1min));
}

TEST(Gcra, HeldPlacesCountAsUsed) {
  const Rate limit = rate("60/1h burst 2");
  Gcra gcra;
  EXPECT_FALSE(gcra.hold(limit, 2, kStart));
  EXPECT_TRUE(gcra.hold(limit, 1, kStart));
  EXPECT_TRUE(gcra.hold(limit, 1, kStart + 10h));  // time does not free what is still on its way
}

TEST(Gcra, GivesBackExactlyWhatWasRefused) {
  const Rate limit = rate("60/1h burst 2");
  Gcra gcra;
  ASSERT_FALSE(gcra.hold(limit, 2, kStart));
  gcra.settle(limit, 2, 1, kStart);
  EXPECT_FALSE(gcra.hold(limit, 1, kStart));
  EXPECT_TRUE(gcra.hold(limit, 1, kStart));
}

TEST(Gcra, ALateRefusalEarnsNoExtraPlace) {
  const Rate limit = rate("60/1h burst 2");
  Gcra gcra;
  ASSERT_FALSE(gcra.hold(limit, 1, kStart));
  ASSERT_FALSE(gcra.hold(limit, 1, kStart + 1h));
  gcra.settle(limit, 1, 1, kStart + 1h);
  gcra.settle(limit, 1, 0, kStart + 1h);  // the first one, refused after an hour
  EXPECT_FALSE(gcra.hold(limit, 1, kStart + 1h));
  EXPECT_TRUE(gcra.hold(limit, 1, kStart + 1h));
}

TEST(Gcra, IsForgettableWhenEverythingIsFreeAgain) {
  const Rate limit = rate("60/1h burst 5");
  Gcra gcra;
  EXPECT_TRUE(gcra.forgettable(kStart));
  ASSERT_FALSE(gcra.hold(limit, 1, kStart));
  EXPECT_FALSE(gcra.forgettable(kStart + 10h));
  gcra.settle(limit, 1, 1, kStart);
  EXPECT_FALSE(gcra.forgettable(kStart + 1min - kTick));
  EXPECT_TRUE(gcra.forgettable(kStart + 1min));
}

// In every stretch of time no more is kept than burst + time / interval, whatever the order of
// holds, refusals and pauses.
TEST(Gcra, NeverLetsMoreThroughThanTheRateInAnyWindow) {
  std::mt19937 random(20261124);
  const Rate limit = rate("10/1m burst 4");
  for (int round = 0; round < 50; ++round) {
    Gcra gcra;
    TimePoint now = kStart;
    std::vector<TimePoint> kept;
    std::uint64_t held = 0;
    for (int step = 0; step < 300; ++step) {
      now += Duration(std::chrono::milliseconds(random() % 4000));
      if (random() % 2 == 0) {
        if (!gcra.hold(limit, 1, now)) ++held;
      } else if (held > 0) {
        const bool keep = random() % 3 != 0;
        gcra.settle(limit, 1, keep ? 1 : 0, now);
        --held;
        if (keep) kept.push_back(now);
      }
    }
    ASSERT_GT(kept.size(), limit.burst);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      for (std::size_t j = i; j < kept.size(); ++j) {
        const auto allowed =
            limit.burst + static_cast<std::uint64_t>((kept[j] - kept[i]) / limit.interval());
        ASSERT_LE(j - i + 1, allowed) << "round " << round;
      }
    }
  }
}

TEST(GcraStore, IsExactWhenManyThreadsPressAtOnce) {
  const Rate limit = rate("1000/1h");
  GcraStore store(limit, 1000);
  std::atomic<std::uint64_t> kept{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 2000; ++i) {
        if (store.hold("alice", 1, kStart)) continue;
        const bool keep = random() % 4 != 0;
        store.settle("alice", 1, keep ? 1 : 0, kStart);
        if (keep) kept.fetch_add(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(kept.load(), limit.burst);  // all of it, and not one more
  EXPECT_TRUE(store.take("alice", 1, kStart));
}

TEST(GcraStore, KeepsKeysApart) {
  GcraStore store(rate("1/1h"), 1000);
  EXPECT_FALSE(store.take("alice", 1, kStart));
  EXPECT_FALSE(store.take("bob", 1, kStart));
  EXPECT_TRUE(store.take("alice", 1, kStart));
}

TEST(GcraStore, IsBoundedUnderAFloodOfKeys) {
  GcraStore store(rate("10/1h"), 1600);
  for (int i = 0; i < 50'000; ++i) {
    EXPECT_FALSE(store.take("client" + std::to_string(i), 1, kStart));
  }
  EXPECT_LE(store.size(), 1600U);
  EXPECT_GT(store.size(), 800U);
}

TEST(GcraStore, DropsIdleKeysAsOthersCome) {
  GcraStore store(rate("60/1h"), 100'000);
  for (int i = 0; i < 5000; ++i) store.take("old" + std::to_string(i), 1, kStart);
  EXPECT_EQ(store.size(), 5000U);
  for (int i = 0; i < 2000; ++i) store.take("new" + std::to_string(i), 1, kStart + 2h);
  EXPECT_LE(store.size(), 2000U);
}

TEST(GcraStore, NeverForgetsAKeyWithPlacesHeld) {
  const Rate limit = rate("2/1h");
  GcraStore store(limit, 16);
  ASSERT_FALSE(store.hold("alice", 2, kStart));
  for (int i = 0; i < 10'000; ++i) store.take("client" + std::to_string(i), 1, kStart);
  EXPECT_TRUE(store.hold("alice", 1, kStart));
  store.settle("alice", 2, 0, kStart);
  EXPECT_FALSE(store.hold("alice", 1, kStart));
}

TEST(GcraStore, ForgetsTheLeastRecentlyUsedFirst) {
  GcraStore store(rate("1/1h"), 1600);  // a hundred keys in each shard
  ASSERT_FALSE(store.take("regular", 1, kStart));
  for (int i = 0; i < 20'000; ++i) {
    store.take("client" + std::to_string(i), 1, kStart);
    ASSERT_TRUE(store.take("regular", 1, kStart)) << i;
  }
}

}  // namespace
}  // namespace sekisho::filters
