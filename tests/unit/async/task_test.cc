#include "gateway/async/task.h"

#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "gateway/async/loop.h"

namespace sekisho {
namespace {

Task<int> value(int n) { co_return n; }

Task<int> sum_of_many(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await value(1);
  co_return sum;
}

Task<int> thrower() {
  throw std::runtime_error("no");
  co_return 1;
}

Task<std::unique_ptr<std::string>> move_only() { co_return std::make_unique<std::string>("moved"); }

Task<std::pair<int, std::string>> braces() { co_return {1, "one"}; }

TEST(Task, DoesNothingUntilItIsAwaited) {
  bool ran = false;
  auto body = [](bool& flag) -> Task<void> {
    flag = true;
    co_return;
  };
  {
    const auto never_awaited = body(ran);
  }
  EXPECT_FALSE(ran);
  Loop().run_until_done(body(ran));
  EXPECT_TRUE(ran);
}

TEST(Task, HandsOverItsValue) {
  Loop loop;
  EXPECT_EQ(*loop.run_until_done(move_only()), "moved");
  EXPECT_EQ(loop.run_until_done(braces()).second, "one");
}

TEST(Task, ThrowsAtItsAwaiter) {
  Loop loop;
  auto outer = []() -> Task<std::string> {
    try {
      co_await thrower();
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "nothing thrown";
  };
  EXPECT_EQ(loop.run_until_done(outer()), "no");
  EXPECT_THROW(loop.run_until_done(thrower()), std::runtime_error);
  EXPECT_EQ(loop.run_until_done(value(2)), 2);  // the loop is as good as before
}

// Without symmetric transfer each await would leave a frame on the stack until it overflows.
TEST(Task, NeedsNoStackForEachAwait) {
  EXPECT_EQ(Loop().run_until_done(sum_of_many(1'000'000)), 1'000'000);
}

TEST(Task, DestroysItsParametersAndLocalsWhenItEnds) {
  const auto token = std::make_shared<int>(1);
  auto body = [](std::shared_ptr<int> parameter) -> Task<int> {
    const auto local = parameter;
    co_return static_cast<int>(local.use_count());
  };
  EXPECT_EQ(Loop().run_until_done(body(token)), 3);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Spawn, StartsAtOnceAndFreesTheTaskWhenItEnds) {
  const auto token = std::make_shared<int>(0);
  spawn([](std::shared_ptr<int> counter) -> Task<void> {
    ++*counter;
    co_return;
  }(token));
  EXPECT_EQ(*token, 1);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(SpawnDeathTest, EndsTheProgramWhenATaskThrows) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(spawn([]() -> Task<void> { co_await thrower(); }()), "");
}

}  // namespace
}  // namespace sekisho
