#include "gateway/upstream/lifetime.h"

#include <gtest/gtest.h>

namespace sekisho::upstream {
namespace {

const TimePoint kOpened{};

TEST(Lifetime, StaysBelowTheConfiguredBoundsByAFifthAtMost) {
  UpstreamSettings settings;
  settings.max_age = 100s;
  settings.max_messages = 50;
  EXPECT_EQ(Lifetime::draw(settings, kOpened, 0).end, kOpened + 100s);
  EXPECT_EQ(Lifetime::draw(settings, kOpened, 0).messages, 50);
  EXPECT_EQ(Lifetime::draw(settings, kOpened, 0.5).end, kOpened + 90s);
  EXPECT_EQ(Lifetime::draw(settings, kOpened, 1).end, kOpened + 80s);
  EXPECT_EQ(Lifetime::draw(settings, kOpened, 1).messages, 40);
}

TEST(Lifetime, HasRoomForOneMessageAlways) {
  UpstreamSettings settings;
  settings.max_messages = 1;
  EXPECT_EQ(Lifetime::draw(settings, kOpened, 1).messages, 1);
}

TEST(Lifetime, IsOverAtItsAgeOrItsMessages) {
  const Lifetime one{kOpened + 10s, 3};
  EXPECT_FALSE(one.over(kOpened + 9s, 2));
  EXPECT_TRUE(one.over(kOpened + 10s, 0));
  EXPECT_TRUE(one.over(kOpened, 3));
}

}  // namespace
}  // namespace sekisho::upstream
