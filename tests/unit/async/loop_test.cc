#include "gateway/async/loop.h"

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sekisho {
namespace {

using testing::ElementsAre;

TEST(Loop, RunsPostedWorkInOrderAndThenStops) {
  Loop loop;
  std::vector<int> order;
  loop.post([&] {
    order.push_back(1);
    loop.post([&] { order.push_back(3); });
    loop.stop();
  });
  loop.post([&] { order.push_back(2); });
  loop.run();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(Loop, EndsTheNextRunWhenStoppedBefore) {
  Loop loop;
  bool ran = false;
  loop.stop();
  loop.post([&] { ran = true; });
  loop.run();
  EXPECT_TRUE(ran);
  loop.post([&] {
    ran = false;
    loop.stop();
  });
  loop.run();  // the first stop is used up: this one ends by its own
  EXPECT_FALSE(ran);
}

TEST(Loop, WaitsThoughItHasNothingToWaitFor) {
  Loop loop;
  std::atomic<bool> stopped = false;
  std::jthread other([&] {
    // Not an event that could be awaited: that run() does *not* return by itself.
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    stopped = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(stopped);
}

TEST(Loop, TakesWorkFromManyThreadsAndLosesNone) {
  Loop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  int done = 0;  // touched on the loop alone
  std::vector<int> last(kThreads, -1);
  bool in_order = true;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&, thread, i] {
          auto& before = last[static_cast<std::size_t>(thread)];
          in_order = in_order && before == i - 1;
          before = i;
          if (++done == kThreads * kEach) loop.stop();
        });
      }
    });
  }
  loop.run();
  EXPECT_EQ(done, kThreads * kEach);
  EXPECT_TRUE(in_order);
}

// The poster may still be inside post() when the work has run, the loop has ended and died.
TEST(Loop, MayDieAsSoonAsThePostedWorkHasRun) {
  for (int i = 0; i < 500; ++i) {
    auto loop = std::make_unique<Loop>();
    std::jthread other([target = loop.get()] { target->post([target] { target->stop(); }); });
    loop->run();
    loop.reset();
  }
}

TEST(Loop, DropsWorkThatIsStillPostedWhenItDies) {
  const auto token = std::make_shared<int>(0);
  {
    Loop loop;
    // The dropped work takes a timer of this very loop with it.
    loop.post([token, timer = std::make_shared<Timer>(loop, [] {})] { ++*token; });
  }
  EXPECT_EQ(*token, 0);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Loop, ServesSocketsThoughPostedWorkNeverEnds) {
  Loop loop;
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  bool served = false;
  const std::unique_ptr<event, decltype(&event_free)> readable(
      event_new(
          loop.base(), pair[0], EV_READ,
          [](int, short, void* flag) { *static_cast<bool*>(flag) = true; }, &served),
      &event_free);
  event_add(readable.get(), nullptr);
  std::size_t turns = 0;
  std::function<void()> again = [&] {
    if (served || ++turns == 1'000'000) return loop.stop();
    if (turns == 10) EXPECT_EQ(write(pair[1], "x", 1), 1);
    loop.post(again);
  };
  loop.post(again);
  loop.run();
  EXPECT_TRUE(served);
  EXPECT_LT(turns, 10'000U);
  close(pair[0]);
  close(pair[1]);
}

TEST(LoopDeathTest, EndsTheProgramWhenPostedWorkThrows) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Loop loop;
        loop.post([] { throw std::runtime_error("a bug"); });
        loop.run();
      },
      "");
}

TEST(RunUntilDone, GoesOnAfterSomebodyElsesStop) {
  Loop loop;
  CancelSource cancel;
  loop.post([&] { loop.stop(); });
  const auto slept = loop.run_until_done(loop.sleep_until(Deadline::in(20ms), cancel));
  EXPECT_TRUE(slept);
}

TEST(RunUntilDone, LeavesNoStopBehindWhenTheTaskNeverWaited) {
  Loop loop;
  loop.run_until_done([]() -> Task<void> { co_return; }());
  bool fired = false;
  Timer timer(loop, [&] {
    fired = true;
    loop.stop();
  });
  timer.start(5ms);
  loop.run();
  EXPECT_TRUE(fired);
}

TEST(SleepUntil, EndsAtTheDeadlineAndNeverBefore) {
  Loop loop;
  CancelSource cancel;
  for (int i = 0; i < 20; ++i) {
    const auto deadline = Deadline::in(std::chrono::microseconds(100 * i));
    EXPECT_TRUE(loop.run_until_done(loop.sleep_until(deadline, cancel)));
    EXPECT_TRUE(deadline.passed(Clock::now()));
  }
}

TEST(SleepUntil, EndsEarlyWhenCancelled) {
  Loop loop;
  CancelSource cancel;
  loop.post([&] { cancel.cancel(); });
  const auto slept = loop.run_until_done(loop.sleep_until(Deadline::never(), cancel));
  ASSERT_FALSE(slept);
  EXPECT_EQ(slept.error().kind, ErrorKind::cancelled);
}

TEST(Timer, FiresNotBeforeItsTimeThoughTheLoopWasBusyWhenItStarted) {
  Loop loop;
  TimePoint due;
  Timer timer(loop, [&] {
    EXPECT_GE(Clock::now(), due);
    loop.stop();
  });
  loop.post([&] {
    const auto busy_until = Clock::now() + 20ms;
    while (Clock::now() < busy_until) continue;
    due = Clock::now() + 10ms;
    timer.start(10ms);
  });
  loop.run();
}

TEST(Timer, CanBeMovedStoppedAndFiredAtOnce) {
  Loop loop;
  std::vector<int> fired;
  Timer moved(loop, [&] { fired.push_back(1); });
  Timer stopped(loop, [&] { fired.push_back(2); });
  Timer at_once(loop, [&] { fired.push_back(3); });
  Timer end(loop, [&] { loop.stop(); });
  moved.start(1h);
  moved.start(2ms);
  stopped.start(1ms);
  stopped.stop();
  at_once.start(1h);
  at_once.fire();
  end.start(20ms);
  loop.run();
  EXPECT_THAT(fired, ElementsAre(3, 1));
}

TEST(Timer, TakesAnyDuration) {
  Loop loop;
  int fired = 0;
  Timer negative(loop, [&] { ++fired; });
  Timer endless(loop, [&] { fired += 100; });
  Timer never(loop, [&] { fired += 100; });
  Timer end(loop, [&] { loop.stop(); });
  negative.start(-5s);
  endless.start(Duration::max());
  never.start_at(Deadline::never());
  end.start(10ms);
  loop.run();
  EXPECT_EQ(fired, 1);
}

TEST(Timer, MayDieInItsOwnCallback) {
  Loop loop;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop, [&] {
    auto& where = timer;
    loop.stop();
    where.reset();
  });
  timer->start(1ms);
  loop.run();
  EXPECT_EQ(timer, nullptr);
}

}  // namespace
}  // namespace sekisho
