// When an upstream is asked whether it is well, and what is made of the answers.
#include "gateway/upstream/check_state.h"

#include <gtest/gtest.h>

namespace sekisho::upstream {
namespace {

using News = CheckState::News;
const TimePoint kStart{TimePoint(1h)};

UpstreamSettings settings() {
  UpstreamSettings made;
  made.health_check = 30s;
  made.health_timeout = 5s;
  made.health_failures = 2;
  made.health_successes = 2;
  made.breaker_pause = 10s;
  return made;
}

TEST(CheckState, AsksOneThatNeverSpokeAtOnceAndByOneCaller) {
  CheckState state(settings());
  EXPECT_TRUE(state.due(false).passed(kStart));
  EXPECT_TRUE(state.claim(kStart, false));
  EXPECT_FALSE(state.claim(kStart + 1h, false));
  EXPECT_TRUE(state.due(false).is_never());
  (void)state.passed(kStart, false);
  EXPECT_EQ(state.due(false).when(), kStart + 30s);
  EXPECT_FALSE(state.claim(kStart + 29s, false));
  EXPECT_TRUE(state.claim(kStart + 30s, false));
}

TEST(CheckState, DoesNotAskOneThatCarriesMail) {
  CheckState state(settings());
  for (int i = 0; i < 10; ++i) {
    state.worked(kStart + i * 20s);
    EXPECT_FALSE(state.claim(kStart + i * 20s + 19s, false));
  }
  EXPECT_TRUE(state.claim(kStart + 9 * 20s + 30s, false));
}

TEST(CheckState, AsksNobodyWhereThatIsNotWanted) {
  UpstreamSettings never = settings();
  never.health_check = {};
  CheckState state(never);
  EXPECT_TRUE(state.due(true).is_never());
  EXPECT_FALSE(state.claim(kStart, true));
}

TEST(CheckState, FallsAfterFailuresInARowAlone) {
  CheckState state(settings());
  EXPECT_EQ(state.failed(kStart), News::none);
  EXPECT_FALSE(state.failing());
  EXPECT_EQ(state.passed(kStart, false), News::none);
  EXPECT_EQ(state.failed(kStart), News::none);
  EXPECT_EQ(state.failed(kStart), News::down);
  EXPECT_TRUE(state.failing());
}

TEST(CheckState, AsksSoonerWhileInDoubtAndSoonestBetweenGoodAnswers) {
  CheckState state(settings());
  (void)state.failed(kStart);
  EXPECT_EQ(state.due(false).when(), kStart + 10s);
  (void)state.failed(kStart);
  EXPECT_EQ(state.due(true).when(), kStart + 10s);
  EXPECT_EQ(state.passed(kStart, true), News::none);
  EXPECT_EQ(state.due(true).when(), kStart + 1s);
}

TEST(CheckState, RisesAfterGoodAnswersInARowAlone) {
  CheckState state(settings());
  (void)state.failed(kStart);
  (void)state.failed(kStart);
  EXPECT_EQ(state.passed(kStart, true), News::none);
  (void)state.failed(kStart);
  EXPECT_EQ(state.passed(kStart, true), News::none);
  EXPECT_EQ(state.passed(kStart, true), News::up);
  EXPECT_FALSE(state.failing());
}

TEST(CheckState, LearnsNothingFromACheckThatCameToNothing) {
  CheckState state(settings());
  (void)state.failed(kStart);
  ASSERT_TRUE(state.claim(kStart + 10s, false));
  state.abandoned(kStart + 10s);
  EXPECT_EQ(state.failed(kStart + 20s), News::down);
}

}  // namespace
}  // namespace sekisho::upstream
