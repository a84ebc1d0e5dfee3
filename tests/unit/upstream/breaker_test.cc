#include "gateway/upstream/breaker.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::upstream {
namespace {

const TimePoint kStart{};

TEST(Breaker, StaysClosedBelowItsLimit) {
  Breaker breaker(3, 10s);
  EXPECT_FALSE(breaker.failed(kStart));
  EXPECT_FALSE(breaker.failed(kStart));
  EXPECT_FALSE(breaker.open());
  EXPECT_TRUE(breaker.try_acquire(kStart));
}

TEST(Breaker, OpensAtItsLimitAndSaysSoOnce) {
  Breaker breaker(2, 10s);
  EXPECT_FALSE(breaker.failed(kStart));
  EXPECT_TRUE(breaker.failed(kStart));
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.failed(kStart));
  EXPECT_FALSE(breaker.try_acquire(kStart + 9999ms));
}

TEST(Breaker, OpensAtOnceWhenTryingAgainCanOnlyDoHarm) {
  Breaker breaker(5, 10s);
  EXPECT_TRUE(breaker.failed(kStart, Breaker::Failure::final));
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.try_acquire(kStart + 9999ms));
  EXPECT_FALSE(breaker.failed(kStart, Breaker::Failure::final));
}

TEST(Breaker, LetsChecksEndARowOfConnectionsThatFailed) {
  Breaker breaker(2, 10s);
  (void)breaker.failed(kStart);
  (void)breaker.failed(kStart);
  EXPECT_TRUE(breaker.answers());
  EXPECT_FALSE(breaker.open());
  EXPECT_FALSE(breaker.failed(kStart));
}

TEST(Breaker, LetsChecksEndNoRowOfWorkThatFailed) {
  Breaker breaker(2, 10s);
  (void)breaker.failed(kStart, Breaker::Failure::work);
  (void)breaker.failed(kStart);
  EXPECT_FALSE(breaker.answers());
  EXPECT_FALSE(breaker.open());
  EXPECT_FALSE(breaker.failed(kStart)) << "the same row";
  EXPECT_TRUE(breaker.open());
  EXPECT_TRUE(breaker.succeeded());
}

TEST(Breaker, LetsNoProbeThroughWhileItIsHeld) {
  Breaker breaker(1, 10s);
  breaker.hold(kStart + 1h);
  EXPECT_TRUE(breaker.try_acquire(kStart)) << "it is closed";
  (void)breaker.failed(kStart);
  breaker.hold(kStart + 30s);
  EXPECT_FALSE(breaker.try_acquire(kStart + 29s));
  EXPECT_TRUE(breaker.try_acquire(kStart + 30s));
}

TEST(Breaker, CountsOnlyFailuresInARow) {
  Breaker breaker(2, 10s);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(breaker.failed(kStart));
    EXPECT_FALSE(breaker.succeeded());
  }
  EXPECT_FALSE(breaker.open());
}

TEST(Breaker, LetsOneProbeThroughAfterThePause) {
  Breaker breaker(1, 10s);
  EXPECT_TRUE(breaker.failed(kStart));
  EXPECT_TRUE(breaker.try_acquire(kStart + 10s));
  EXPECT_FALSE(breaker.try_acquire(kStart + 10s));
  EXPECT_FALSE(breaker.try_acquire(kStart + 19s));
  EXPECT_TRUE(breaker.open());
}

TEST(Breaker, LetsEverybodyThroughOnceTheProbeHasConnected) {
  Breaker breaker(3, 10s);
  for (int i = 0; i < 3; ++i) (void)breaker.failed(kStart);
  ASSERT_TRUE(breaker.try_acquire(kStart + 10s));
  breaker.connected();
  EXPECT_FALSE(breaker.open());
  EXPECT_TRUE(breaker.try_acquire(kStart + 10s));
  EXPECT_TRUE(breaker.try_acquire(kStart + 10s));
}

TEST(Breaker, DoesNotTakeAConnectionForTheEndOfTheRow) {
  for (const std::int64_t limit : {1, 3}) {
    Breaker breaker(limit, 10s);
    for (int i = 0; i < limit; ++i) EXPECT_EQ(breaker.failed(kStart), i + 1 == limit);
    ASSERT_TRUE(breaker.try_acquire(kStart + 10s));
    breaker.connected();
    EXPECT_FALSE(breaker.failed(kStart + 11s)) << "it was down all the time";
    EXPECT_TRUE(breaker.open()) << limit;
    EXPECT_FALSE(breaker.try_acquire(kStart + 20s));
    ASSERT_TRUE(breaker.try_acquire(kStart + 21s));
    breaker.connected();
    EXPECT_TRUE(breaker.succeeded());
    EXPECT_EQ(breaker.failed(kStart + 22s), limit == 1) << "a new row";
  }
}

TEST(Breaker, CountsOnThroughConnectionsThatAreMadeBetweenFailures) {
  Breaker breaker(3, 10s);
  EXPECT_FALSE(breaker.failed(kStart));
  breaker.connected();
  EXPECT_FALSE(breaker.failed(kStart));
  breaker.connected();
  EXPECT_TRUE(breaker.failed(kStart));
}

TEST(Breaker, ClosesWhenTheProbeSucceeds) {
  Breaker breaker(1, 10s);
  EXPECT_TRUE(breaker.failed(kStart));
  ASSERT_TRUE(breaker.try_acquire(kStart + 10s));
  EXPECT_TRUE(breaker.succeeded());
  EXPECT_FALSE(breaker.open());
  EXPECT_TRUE(breaker.try_acquire(kStart + 10s));
  EXPECT_TRUE(breaker.try_acquire(kStart + 10s));
}

TEST(Breaker, WaitsAnotherPauseWhenTheProbeFails) {
  Breaker breaker(3, 10s);
  for (int i = 0; i < 3; ++i) (void)breaker.failed(kStart);
  ASSERT_TRUE(breaker.try_acquire(kStart + 10s));
  EXPECT_FALSE(breaker.failed(kStart + 12s)) << "it was open already";
  EXPECT_FALSE(breaker.try_acquire(kStart + 21s));
  EXPECT_TRUE(breaker.try_acquire(kStart + 22s));
}

TEST(Breaker, LetsTheNextProbeThroughWhenOneNeverReportsBack) {
  Breaker breaker(1, 10s);
  EXPECT_TRUE(breaker.failed(kStart));
  EXPECT_TRUE(breaker.try_acquire(kStart + 10s));
  EXPECT_TRUE(breaker.try_acquire(kStart + 20s));
}

TEST(Breaker, LetsOneOfManyThreadsProbe) {
  Breaker breaker(1, 10s);
  EXPECT_TRUE(breaker.failed(kStart));
  std::atomic<int> through{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      if (breaker.try_acquire(kStart + 10s)) ++through;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(through, 1);
}

}  // namespace
}  // namespace sekisho::upstream
