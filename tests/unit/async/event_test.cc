#include "gateway/async/event.h"

#include <memory>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "gateway/async/loop.h"

namespace sekisho {
namespace {

using testing::ElementsAre;

class EventTest : public testing::Test {
 protected:
  // How the wait ended: "ok", "timeout" or "cancelled".
  static std::string_view word(const Result<void>& result) {
    return result ? "ok" : to_string(result.error().kind);
  }
  std::string_view wait(Deadline deadline) {
    return word(loop_.run_until_done(event_.wait(loop_, deadline, cancel_)));
  }
  // Lets everything run that is ready now.
  void settle() {
    CancelSource never;
    EXPECT_TRUE(loop_.run_until_done(loop_.sleep_until(Deadline::in(0s), never)));
  }
  static Task<void> note(Event& event, Loop& loop, Deadline deadline, CancelSource& cancel,
                         std::vector<std::string>& ends) {
    const auto result = co_await event.wait(loop, deadline, cancel);
    ends.emplace_back(word(result));
  }
  void spawn_waiter(Deadline deadline = Deadline::never()) {
    spawn(note(event_, loop_, deadline, cancel_, ends_));
  }

  Loop loop_;
  CancelSource cancel_;
  Event event_;
  std::vector<std::string> ends_;
};

TEST_F(EventTest, WakesEveryoneWhoWaits) {
  for (int i = 0; i < 3; ++i) spawn_waiter();
  settle();
  EXPECT_TRUE(ends_.empty());
  event_.notify();
  EXPECT_TRUE(ends_.empty()) << "notify() must not run foreign code on its own stack";
  settle();
  EXPECT_THAT(ends_, ElementsAre("ok", "ok", "ok"));
}

TEST_F(EventTest, KeepsANotificationForTheNextWaitWhenNobodyWaits) {
  event_.notify();
  event_.notify();
  EXPECT_EQ(wait(Deadline::in(0s)), "ok");
  EXPECT_EQ(wait(Deadline::in(0s)), "timeout") << "it is kept once";
}

TEST_F(EventTest, KeepsNothingWhenItWokeSomebody) {
  event_.notify();
  spawn_waiter();  // takes what was kept
  spawn_waiter();
  event_.notify();
  settle();
  EXPECT_THAT(ends_, ElementsAre("ok", "ok"));
  EXPECT_EQ(wait(Deadline::in(0s)), "timeout");
}

TEST_F(EventTest, TimesOutAtTheDeadline) {
  const auto deadline = Deadline::in(5ms);
  EXPECT_EQ(wait(deadline), "timeout");
  EXPECT_TRUE(deadline.passed(Clock::now()));
}

TEST_F(EventTest, GivesTheLoopATurnThoughTheDeadlineHasPassed) {
  spawn_waiter(Deadline::at(TimePoint{}));
  EXPECT_TRUE(ends_.empty());
  event_.notify();
  settle();
  EXPECT_THAT(ends_, ElementsAre("ok")) << "a notification in that turn still counts";
}

TEST_F(EventTest, IsCancelledWhileWaitingAndEverAfter) {
  spawn_waiter();
  spawn_waiter(Deadline::in(1h));
  cancel_.cancel();
  EXPECT_TRUE(ends_.empty()) << "cancel() must not run foreign code on its own stack";
  settle();
  EXPECT_THAT(ends_, ElementsAre("cancelled", "cancelled"));
  event_.notify();
  EXPECT_EQ(wait(Deadline::never()), "cancelled");
}

TEST_F(EventTest, LetsTheFirstReasonStand) {
  spawn_waiter();
  event_.notify();
  cancel_.cancel();
  settle();
  EXPECT_THAT(ends_, ElementsAre("ok"));
}

TEST_F(EventTest, MayDieOnceItsWaitersAreNotified) {
  auto event = std::make_unique<Event>();
  spawn(note(*event, loop_, Deadline::never(), cancel_, ends_));
  event->notify();
  event.reset();
  settle();
  EXPECT_THAT(ends_, ElementsAre("ok"));
}

TEST_F(EventTest, ForgetsAWaiterThatTimedOut) {
  spawn_waiter(Deadline::in(0s));
  settle();
  EXPECT_THAT(ends_, ElementsAre("timeout"));
  event_.notify();  // would touch the dead waiter
  EXPECT_EQ(wait(Deadline::in(0s)), "ok");
}

TEST_F(EventTest, WakesWaitersInTheOrderTheyCame) {
  auto numbered = [](Event& event, Loop& loop, CancelSource& cancel, int number,
                     std::vector<int>& order) -> Task<void> {
    (void)co_await event.wait(loop, Deadline::in(1h), cancel);
    order.push_back(number);
  };
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) spawn(numbered(event_, loop_, cancel_, i, order));
  event_.notify();
  settle();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST_F(EventTest, CarriesAConversationOfTwoCoroutines) {
  struct Table {
    Event changed;
    int ball = 0;
  } table;
  auto player = [](Table& table, Loop& loop, CancelSource& cancel, int parity) -> Task<void> {
    while (table.ball < 10'000) {
      if (table.ball % 2 == parity) {
        ++table.ball;
        table.changed.notify();
      } else if (!co_await table.changed.wait(loop, Deadline::in(10s), cancel)) {
        co_return;
      }
    }
    table.changed.notify();
  };
  spawn(player(table, loop_, cancel_, 0));
  loop_.run_until_done(player(table, loop_, cancel_, 1));
  EXPECT_EQ(table.ball, 10'000);
}

TEST_F(EventTest, CostsLittleForEachCoroutineThatWaits) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "mallinfo2() knows nothing of a sanitizer's heap";
#endif
#endif
  constexpr std::size_t kWaiters = 1000;
  ends_.reserve(kWaiters);
  const auto before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kWaiters; ++i) spawn_waiter();
  const auto each = (mallinfo2().uordblks - before) / kWaiters;
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_GT(each, 0U);
  EXPECT_LT(each, 1200U);
  event_.notify();
  settle();
  EXPECT_EQ(ends_.size(), kWaiters);
}

TEST(CancelSource, WakesEachRegistrationOnce) {
  CancelSource source;
  int woken = 0;
  const CancelSource::Registration first(source, [&] { ++woken; });
  {
    const CancelSource::Registration gone(source, [&] { woken += 100; });
  }
  const CancelSource::Registration second(source, [&] { ++woken; });
  EXPECT_FALSE(source.cancelled());
  source.cancel();
  source.cancel();
  EXPECT_TRUE(source.cancelled());
  EXPECT_EQ(woken, 2);
}

TEST(CancelSource, LetsAWakeUpCancelAnotherSource) {
  CancelSource outer;
  CancelSource inner;
  int woken = 0;
  const CancelSource::Registration link(outer, [&] { inner.cancel(); });
  const CancelSource::Registration end(inner, [&] { ++woken; });
  outer.cancel();
  EXPECT_EQ(woken, 1);
}

TEST(CancelSource, AllowsARegistrationThatOutlivesIt) {
  auto source = std::make_unique<CancelSource>();
  const CancelSource::Registration registration(*source, [] {});
  source.reset();
}

}  // namespace
}  // namespace sekisho
