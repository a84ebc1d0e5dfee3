#include "gateway/keeper/heartbeat.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

constexpr Duration kInterval = 5ms;

// Loops that answer when the test lets them.
class HeartbeatTest : public ::testing::Test {
 protected:
  using Answer = std::function<void()>;

  std::unique_ptr<Heartbeat> beat(std::vector<Heartbeat::Ask> loops) {
    return std::make_unique<Heartbeat>(
        loop_, kInterval, std::move(loops), [this] { count(alive_, enough_alive_); },
        [this](std::size_t missing) {
          missing_ = missing;
          count(late_, 1);
        });
  }
  void count(int& what, int enough) {
    if (++what == enough) loop_.stop();
  }

  Loop loop_;
  int alive_ = 0;
  int enough_alive_ = 3;
  int late_ = 0;
  std::size_t missing_ = 0;
};

TEST_F(HeartbeatTest, BeatsWhileAllLoopsAnswer) {
  int asked = 0;
  const auto willing = [&](const Answer& answer) {
    ++asked;
    answer();
  };
  const auto heartbeat = beat({willing, willing});
  heartbeat->start();
  loop_.run();
  EXPECT_EQ(alive_, 3);
  EXPECT_EQ(asked, 6);
  EXPECT_EQ(late_, 0);
}

TEST_F(HeartbeatTest, IsSilentWhenOneOfTheLoopsHangs) {
  int asked = 0;
  const auto heartbeat =
      beat({[](const Answer& answer) { answer(); }, [&](const Answer&) { ++asked; }});
  heartbeat->start();
  loop_.run();  // until it is late
  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(missing_, 1U);
  EXPECT_EQ(asked, 1) << "a loop that hangs is not asked again";
}

TEST_F(HeartbeatTest, GoesOnWhenTheLoopComesBack) {
  enough_alive_ = 2;
  Answer kept;
  bool hangs = true;
  const auto heartbeat =
      beat({[&](const Answer& answer) { hangs ? void(kept = answer) : answer(); }});
  heartbeat->start();
  loop_.run();
  EXPECT_EQ(alive_, 0);
  hangs = false;
  kept();
  loop_.run();
  EXPECT_EQ(alive_, 2);
  EXPECT_EQ(late_, 1) << "told once";
}

TEST_F(HeartbeatTest, ALoopThatIsBlockedGivesNoSignOfLife) {
  // A real loop on a thread of its own, held up by a job.
  Loop other;
  std::thread thread([&other] { other.run(); });
  std::promise<void> release;
  other.post([held = release.get_future().share()] { held.wait(); });
  {
    const auto heartbeat = beat({[&](Answer answer) { other.post(std::move(answer)); }});
    enough_alive_ = 1;
    heartbeat->start();
    loop_.run();
    EXPECT_EQ(alive_, 0);
    release.set_value();
    loop_.run();
    EXPECT_EQ(alive_, 1);
    other.stop();
    thread.join();
  }
}

}  // namespace
}  // namespace sekisho
