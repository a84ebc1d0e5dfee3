#include "gateway/async/offload.h"

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

TEST(Offload, RunsTheJobElsewhereAndComesBack) {
  Loop loop;
  Offload pool(2, 8);
  auto body = [](Loop& on, Offload& with) -> Task<bool> {
    const auto here = std::this_thread::get_id();
    const auto there = co_await with.run(on, [] { return std::this_thread::get_id(); });
    const bool is_back = std::this_thread::get_id() == here;
    co_return is_back&& there.value() != here;
  };
  EXPECT_TRUE(loop.run_until_done(body(loop, pool)));
}

TEST(Offload, HandsOverMoveOnlyValuesAndVoid) {
  Loop loop;
  Offload pool(1, 8);
  const auto text =
      loop.run_until_done(pool.run(loop, [] { return std::make_unique<std::string>("moved"); }));
  ASSERT_TRUE(text);
  EXPECT_EQ(**text, "moved");
  bool ran = false;
  EXPECT_TRUE(loop.run_until_done(pool.run(loop, [&ran] { ran = true; })));
  EXPECT_TRUE(ran);
}

TEST(Offload, ThrowsAtTheAwaiterWhatTheJobThrows) {
  Loop loop;
  Offload pool(1, 8);
  auto job = []() -> int { throw std::runtime_error("broken"); };
  EXPECT_THROW((void)loop.run_until_done(pool.run(loop, job)), std::runtime_error);
  EXPECT_EQ(loop.run_until_done(pool.run(loop, [] { return 3; })), 3);
}

// One thread that is kept busy, so that what is queued is known.
class BusyPool : public testing::Test {
 protected:
  static constexpr std::size_t kQueued = 3;

  static Task<void> job(Loop& loop, Offload& pool, std::latch& started, std::latch& gate,
                        std::atomic<std::size_t>& ran, std::size_t& ended, std::size_t& refused) {
    const auto result = co_await pool.run(loop, [&started, &gate, &ran] {
      started.count_down();
      gate.wait();
      ++ran;
    });
    ++ended;
    if (!result) {
      ++refused;
      EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
    }
  }

  Loop loop_;
  std::latch started_{1};
  std::latch any_{100};
  std::latch gate_{1};
  std::atomic<std::size_t> ran_ = 0;
  std::size_t ended_ = 0;
  std::size_t refused_ = 0;
};

TEST_F(BusyPool, RefusesAtOnceWhatItsQueueCantHold) {
  Offload pool(1, kQueued);
  spawn(job(loop_, pool, started_, gate_, ran_, ended_, refused_));
  started_.wait();  // the thread has taken it off the queue
  for (std::size_t i = 0; i < kQueued + 2; ++i) {
    spawn(job(loop_, pool, any_, gate_, ran_, ended_, refused_));
  }
  EXPECT_EQ(refused_, 2U);
  gate_.count_down();
  while (ended_ < kQueued + 3) {
    loop_.run_until_done([](Loop& loop) -> Task<void> {
      CancelSource never;
      (void)co_await loop.sleep_until(Deadline::in(1ms), never);
    }(loop_));
  }
  EXPECT_EQ(refused_, 2U);
  EXPECT_EQ(ran_, kQueued + 1);
}

TEST_F(BusyPool, RunsWhatIsQueuedBeforeItDies) {
  {
    Offload pool(1, kQueued);
    spawn(job(loop_, pool, started_, gate_, ran_, ended_, refused_));
    started_.wait();
    for (std::size_t i = 0; i < kQueued; ++i) {
      spawn(job(loop_, pool, any_, gate_, ran_, ended_, refused_));
    }
    gate_.count_down();
  }
  EXPECT_EQ(ran_, kQueued + 1);
  EXPECT_EQ(ended_, 0U);  // the coroutines go on when their loop runs
  loop_.stop();
  loop_.run();
  EXPECT_EQ(ended_, kQueued + 1);
}

TEST(Offload, HasAThreadThoughNoneWasAskedFor) {
  Loop loop;
  Offload pool(0, 1);
  EXPECT_EQ(loop.run_until_done(pool.run(loop, [] { return 1; })), 1);
}

// Several loops, many coroutines each, one pool: every job's value comes back to its own coroutine
// on its own thread. Meant for ThreadSanitizer.
TEST(Offload, ServesManyCoroutinesOfManyLoops) {
  constexpr int kLoops = 3;
  constexpr int kCoroutines = 50;
  constexpr int kJobs = 40;
  struct Tally {
    Loop loop;
    std::thread::id thread;
    int left = kCoroutines;
    int wrong = 0;
    int refused = 0;
  };
  auto coroutine = [](Tally& tally, Offload& pool, int id) -> Task<void> {
    for (int i = 0; i < kJobs; ++i) {
      const std::string text = std::to_string(id) + ":" + std::to_string(i);
      const auto echo = co_await pool.run(tally.loop, [text] { return text + "!"; });
      if (!echo) {
        ++tally.refused;
      } else if (*echo != text + "!" || std::this_thread::get_id() != tally.thread) {
        ++tally.wrong;
      }
    }
    if (--tally.left == 0) tally.loop.stop();
  };
  std::vector<std::unique_ptr<Tally>> tallies;
  for (int i = 0; i < kLoops; ++i) tallies.push_back(std::make_unique<Tally>());
  {
    Offload pool(4, 64);  // smaller than the demand: refusals are part of it
    std::vector<std::jthread> threads;
    for (auto& tally : tallies) {
      threads.emplace_back([&pool, &coroutine, tally = tally.get()] {
        tally->thread = std::this_thread::get_id();
        for (int id = 0; id < kCoroutines; ++id) spawn(coroutine(*tally, pool, id));
        tally->loop.run();
      });
    }
  }
  int refused = 0;
  for (const auto& tally : tallies) {
    EXPECT_EQ(tally->left, 0);
    EXPECT_EQ(tally->wrong, 0);
    refused += tally->refused;
  }
  EXPECT_LT(refused, kLoops * kCoroutines * kJobs);
}

TEST(Offload, MayOutliveItsLoopsNextTurnByALittle) {
  // The worker may still be inside post() when its result has ended the loop: see Loop::post().
  Offload pool(2, 8);
  for (int i = 0; i < 500; ++i) {
    Loop loop;
    ASSERT_EQ(loop.run_until_done(pool.run(loop, [i] { return i; })), i);
  }
}

}  // namespace
}  // namespace sekisho
