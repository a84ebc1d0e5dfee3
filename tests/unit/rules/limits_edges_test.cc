// Limits at their exact edges, with a clock that is turned by hand. A case is a limit and a script:
// each step a time since the last one, an amount, and what is to come of it.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

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

struct Step {
  nanoseconds later;
  std::uint64_t amount;
  bool passes;
  milliseconds wait = 0ms;   // where it does not pass
  std::uint64_t count = 99;  // after it; 99: not looked at
};

struct Edge {
  std::string says;
  std::uint64_t amount;
  nanoseconds period;
  std::uint64_t at_once;
  std::vector<Step> steps;
};

std::vector<Edge> edges() {
  return {
      {"the first passes", 1, 1s, 1, {{0s, 1, true, 0ms, 1}}},
      {"the second at once does not", 1, 1s, 1, {{0s, 1, true}, {0s, 1, false, 1000ms, 1}}},
      {"a nanosecond early is early", 1, 1s, 1, {{0s, 1, true}, {1s - 1ns, 1, false, 1ms, 1}}},
      {"on the nanosecond is in time", 1, 1s, 1, {{0s, 1, true}, {1s, 1, true, 0ms, 1}}},
      {"a nanosecond late is late enough", 1, 1s, 1, {{0s, 1, true}, {1s + 1ns, 1, true}}},
      {"a wait is rounded up", 1, 1s, 1, {{0s, 1, true}, {999ms + 1ns, 1, false, 1ms}}},
      {"what was refused is not charged",
       1,
       1s,
       1,
       {{0s, 1, true}, {500ms, 1, false, 500ms}, {499ms, 1, false, 1ms}, {1ms, 1, true}}},
      {"rest does not save up more than at once",
       1,
       1s,
       1,
       {{0s, 1, true}, {1h, 1, true}, {0s, 1, false, 1000ms}}},
      {"all at once, and not one more",
       50,
       1h,
       3,
       {{0s, 1, true}, {0s, 1, true}, {0s, 1, true, 0ms, 3}, {0s, 1, false, 72s, 3}}},
      {"all at once in one step", 50, 1h, 3, {{0s, 3, true, 0ms, 3}, {0s, 1, false, 72s}}},
      {"one more in one step does not pass at all",
       50,
       1h,
       3,
       {{0s, 4, false, 0ms, 0}, {0s, 3, true}}},
      {"more than ever fits waits for an empty bucket",
       60,
       1min,
       3,
       {{0s, 2, true}, {0s, 9, false, 2000ms, 2}}},
      {"after one interval there is room for one",
       50,
       1h,
       3,
       {{0s, 3, true}, {72s, 1, true, 0ms, 3}, {0s, 1, false, 72s}}},
      {"a nanosecond before there is none",
       50,
       1h,
       3,
       {{0s, 3, true}, {72s - 1ns, 1, false, 1ms, 3}}},
      {"after one interval there is none for two",
       50,
       1h,
       3,
       {{0s, 3, true}, {72s, 2, false, 72s, 2}}},
      {"after two intervals there is", 50, 1h, 3, {{0s, 3, true}, {144s, 2, true, 0ms, 3}}},
      {"after all intervals it is empty",
       50,
       1h,
       3,
       {{0s, 3, true}, {216s, 3, true, 0ms, 3}, {0s, 1, false, 72s}}},
      {"a nanosecond before it is not", 50, 1h, 3, {{0s, 3, true}, {216s - 1ns, 3, false, 1ms, 1}}},
      {"the fifty-first of the ten policies waits",
       200,
       1h,
       50,
       {{0s, 50, true, 0ms, 50}, {0s, 1, false, 18s, 50}, {18s, 1, true}, {0s, 1, false, 18s}}},
      {"and an hour later fifty pass again", 200, 1h, 50, {{0s, 50, true}, {1h, 50, true}}},
      {"fifteen minutes are enough for that", 200, 1h, 50, {{0s, 50, true}, {15min, 50, true}}},
      {"a nanosecond less is not", 200, 1h, 50, {{0s, 50, true}, {15min - 1ns, 50, false, 1ms, 1}}},
      {"the steady rate passes for ever",
       60,
       1min,
       1,
       {{0s, 1, true}, {1s, 1, true}, {1s, 1, true}, {1s, 1, true}, {999ms, 1, false, 1ms}}},
      {"a little faster does not",
       60,
       1min,
       2,
       {{0s, 1, true}, {500ms, 1, true}, {500ms, 1, true}, {500ms, 1, false, 500ms}}},
      {"three in a second are no third of a second too many",
       3,
       1s,
       1,
       {{0s, 1, true}, {333'333'333ns, 1, false, 1ms}, {1ns, 1, true}}},
      {"and are exact over time",
       3,
       1s,
       3,
       {{0s, 3, true}, {1s - 1ns, 3, false, 1ms, 1}, {1ns, 3, true}}},
      {"seven in a week", 7, 168h, 1, {{0s, 1, true}, {24h - 1ns, 1, false, 1ms}, {1ns, 1, true}}},
      {"one in 31 days", 1, 744h, 1, {{0s, 1, true}, {744h - 1ns, 1, false, 1ms}, {1ns, 1, true}}},
      {"a billion in a millisecond",
       1'000'000'000,
       1ms,
       1'000'000'000,
       {{0s, 1'000'000'000, true}, {0s, 1, false, 1ms}, {1ns, 1000, true}, {0s, 1, false, 1ms}}},
      {"a billion in 31 days",
       1'000'000'000,
       744h,
       1,
       {{0s, 1, true}, {2'678'399ns, 1, false, 1ms}, {1ns, 1, true}, {1us, 1, false, 3ms}}},
      {"a quarter of a petabyte",
       1ULL << 48U,
       24h,
       1ULL << 48U,
       {{0s, 1ULL << 48U, true}, {24h - 1ns, 1ULL << 48U, false, 1ms}, {1ns, 1ULL << 48U, true}}},
      {"all that a size can say",
       1ULL << 50U,
       744h,
       1ULL << 50U,
       {{0s, 1ULL << 50U, true}, {0s, 1, false, 1ms}, {744h, 1ULL << 50U, true}}},
      {"more bytes than that", 1000, 1h, 1000, {{0s, UINT64_MAX, false, 0ms, 0}, {0s, 1000, true}}},
      {"nothing always passes", 1, 1h, 1, {{0s, 1, true}, {0s, 0, true, 0ms, 1}}},
      {"bytes to the last one",
       100'000'000,
       1h,
       100'000'000,
       {{0s, 99'999'999, true}, {0s, 2, false, 1ms}, {0s, 1, true}, {0s, 1, false, 1ms}}},
      {"bytes come back one by one",
       1000,
       1s,
       1000,
       {{0s, 1000, true}, {1ms - 1ns, 1, false, 1ms}, {1ns, 1, true}, {0s, 1, false, 1ms}}},
      {"a byte count is rounded up",
       1000,
       1s,
       1000,
       {{0s, 10, true, 0ms, 10}, {1ns, 0, true, 0ms, 10}}},
      {"and down at the full one",
       1000,
       1s,
       1000,
       {{0s, 10, true, 0ms, 10}, {1ms, 0, true, 0ms, 9}}},
      {"a count ends at nothing", 1000, 1s, 1000, {{0s, 10, true}, {10ms, 0, true, 0ms, 0}}},
      {"and stays there", 1000, 1s, 1000, {{0s, 10, true}, {10h, 0, true, 0ms, 0}}},
      {"a count goes down while nobody asks", 10, 10s, 10, {{0s, 10, true}, {5s, 1, true, 0ms, 6}}},
      {"more at once than in the whole time",
       1,
       1s,
       5,
       {{0s, 5, true},
        {0s, 1, false, 1000ms},
        {1s, 1, true},
        {4s, 5, false, 1000ms},
        {1s, 5, true}}},
      {"an amount of two does not starve on ones",
       2,
       1s,
       2,
       {{0s, 2, true}, {500ms, 1, true}, {499ms, 1, false, 1ms}, {1ms, 1, true}}},
      {"two halves make one",
       10,
       10s,
       2,
       {{0s, 2, true}, {500ms, 1, false, 500ms}, {500ms, 1, true, 0ms, 2}}},
      {"one in a millisecond",
       1,
       1ms,
       1,
       {{0s, 1, true}, {999'999ns, 1, false, 1ms}, {1ns, 1, true}}},
      {"a wait of whole seconds", 30, 1min, 1, {{0s, 1, true}, {0s, 1, false, 2000ms}}},
      {"a wait for several", 60, 1min, 5, {{0s, 5, true}, {0s, 3, false, 3000ms}, {3s, 3, true}}},
      {"a wait that is kept to is enough",
       7,
       1s,
       2,
       {{0s, 2, true}, {0s, 1, false, 143ms}, {143ms, 1, true}}},
      {"one that is cut short is not", 7, 1s, 2, {{0s, 2, true}, {142ms, 1, false, 1ms}}},
      {"small steps sum up to the same",
       10,
       1s,
       2,
       {{0s, 2, true},
        {25ms, 1, false, 75ms},
        {25ms, 1, false, 50ms},
        {25ms, 1, false, 25ms},
        {25ms, 1, true}}},
      {"ones and a two",
       10,
       1s,
       3,
       {{0s, 1, true}, {0s, 2, true, 0ms, 3}, {100ms, 2, false, 100ms, 2}}},
      {"the large one waits, the small one passes",
       10,
       1s,
       3,
       {{0s, 3, true}, {100ms, 3, false, 200ms}, {0s, 1, true}}},
      {"after that the large one waits longer",
       10,
       1s,
       3,
       {{0s, 3, true}, {100ms, 1, true}, {0s, 3, false, 300ms}}},
      {"half full, half an hour", 100, 1h, 100, {{0s, 50, true}, {30min, 100, true, 0ms, 100}}},
      {"half full, a nanosecond less",
       100,
       1h,
       100,
       {{0s, 50, true}, {30min - 1ns, 100, false, 1ms, 1}}},
      {"twice the limit over one whole time, as said",
       20,
       1min,
       20,
       {{0s, 20, true}, {1min, 20, true}, {0s, 1, false, 3000ms}}},
      {"twenty in a minute for guests",
       20,
       1min,
       20,
       {{0s, 20, true}, {3s, 1, true}, {0s, 1, false, 3000ms}, {3s, 1, true}}},
      {"the order of times is all that counts",
       60,
       1h,
       2,
       {{0s, 1, true}, {59s, 1, true}, {1s, 1, true}, {0s, 1, false, 60s}, {60s, 1, true}}},
      {"a long rest in the middle",
       60,
       1h,
       2,
       {{0s, 2, true}, {1000h, 2, true, 0ms, 2}, {0s, 1, false, 60s}}},
      {"a century of rest", 60, 1h, 2, {{0s, 2, true}, {876'000h, 2, true}, {0s, 1, false, 60s}}},
  };
}

TEST(ALimit, IsExactAtItsEdges) {
  for (const auto& edge : edges()) {
    SCOPED_TRACE(edge.says);
    Counter counter(limit_of(edge.amount, edge.period, edge.at_once), 1000);
    TimePoint now{std::chrono::hours(1)};
    for (std::size_t i = 0; i < edge.steps.size(); ++i) {
      SCOPED_TRACE(i);
      const auto& step = edge.steps[i];
      now += step.later;
      // A look says what a charge then says, and leaves no trace.
      const auto looked = counter.peek(kKey, step.amount, now);
      const auto taken = counter.take(kKey, step.amount, now);
      EXPECT_EQ(looked.exceeded, taken.exceeded);
      EXPECT_EQ(looked.wait, taken.wait);
      EXPECT_EQ(!taken.exceeded, step.passes);
      if (!taken.exceeded) counter.settle(kKey, step.amount, now);
      EXPECT_EQ(taken.wait, step.passes ? 0ms : step.wait);
      if (step.count != 99) {
        EXPECT_EQ(counter.peek(kKey, 0, now).count, step.count);
      }
    }
  }
}

}  // namespace
}  // namespace sekisho::rules::limits
