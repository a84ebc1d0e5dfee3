// Accelerators that lie are found out, by their self-test or by the recheck of a text, and are
// asked nothing any more.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/match/support.h"

namespace sekisho::rules::match::testing {
namespace {

// Names every pattern but one; that one only in texts shorter than `honest_below`.
class Liar : public Accelerator {
 public:
  Liar(std::uint32_t patterns, std::uint32_t hidden, std::size_t honest_below)
      : patterns_(patterns), hidden_(hidden), honest_below_(honest_below) {}
  AcceleratorKind kind() const override { return AcceleratorKind::hyperscan; }
  bool propose(std::string_view text, Scratch&, Candidates& candidates) const override {
    for (std::uint32_t i = 0; i < patterns_; ++i) {
      if (i != hidden_ || text.size() < honest_below_) candidates.add(i);
    }
    return true;
  }

 private:
  std::uint32_t patterns_;
  std::uint32_t hidden_;
  std::size_t honest_below_;
};

struct Watched {
  std::vector<Alarm> alarms;
  std::shared_ptr<Guard> guard =
      std::make_shared<Guard>([this](const Alarm& alarm) { alarms.push_back(alarm); });

  std::unique_ptr<const PatternSet> set(std::size_t honest_below, std::uint32_t one_in) {
    const auto regexes = regexes_of({"foo", "bar", "baz"});
    return PatternSet::build_with(std::make_unique<Liar>(3, 1, honest_below), pointers(regexes),
                                  {.recheck_one_in = one_in, .recheck_seed = 7, .guard = guard});
  }
};

TEST(AnAcceleratorThatLosesItsSample, IsNeverUsed) {
  Watched watched;
  const auto set = watched.set(0, 0);
  EXPECT_EQ(set->accelerator(), AcceleratorKind::literals);
  ASSERT_EQ(watched.alarms.size(), 1U);
  EXPECT_EQ(watched.alarms[0].pattern, "bar");
  EXPECT_TRUE(watched.alarms[0].at_self_test);
  EXPECT_EQ(answers(*set, "a bar"), "NyN");
  EXPECT_FALSE(watched.guard->trusts(AcceleratorKind::hyperscan));
}

TEST(AnAcceleratorThatLosesAMatch, IsSwitchedOffByTheRecheck) {
  Watched watched;
  const auto set = watched.set(500, 10);
  EXPECT_EQ(set->accelerator(), AcceleratorKind::hyperscan);
  EXPECT_TRUE(watched.alarms.empty());
  const std::string text = std::string(1000, ' ') + "bar and foo";
  int lost = 0;
  while (watched.alarms.empty() && lost < 1000) {
    if (answers(*set, text) == "yNN") ++lost;
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 100);
  ASSERT_EQ(watched.alarms.size(), 1U);
  EXPECT_EQ(watched.alarms[0].accelerator, AcceleratorKind::hyperscan);
  EXPECT_EQ(watched.alarms[0].pattern, "bar");
  EXPECT_FALSE(watched.alarms[0].at_self_test);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(answers(*set, text), "yyN");
  EXPECT_EQ(set->accelerator(), AcceleratorKind::literals);
  EXPECT_EQ(watched.guard->differences(), 1U);
}

// The text by which it was found out gets the right answer too.
TEST(TheRecheck, MendsTheAnswerItFoundWrong) {
  Watched watched;
  const auto set = watched.set(500, 1);
  EXPECT_EQ(answers(*set, std::string(1000, ' ') + "bar"), "NyN");
}

TEST(AnAcceleratorSwitchedOff, IsOffInEverySetOfTheProcess) {
  Watched watched;
  const auto first = watched.set(500, 1);
  const auto second = watched.set(500, 0);
  EXPECT_EQ(second->accelerator(), AcceleratorKind::hyperscan);
  EXPECT_EQ(answers(*first, std::string(1000, ' ') + "bar"), "NyN");
  EXPECT_EQ(second->accelerator(), AcceleratorKind::literals);
  EXPECT_EQ(answers(*second, std::string(1000, ' ') + "bar"), "NyN");
  EXPECT_EQ(watched.set(500, 0)->accelerator(), AcceleratorKind::literals);
}

TEST(ThePatternsOfASet, AreCountedWhereNoSampleCouldBeMade) {
  const auto set = set_of({"foo", "(?=a)b", "\\d+"}, {.guard = std::make_shared<Guard>()});
  EXPECT_EQ(set->report().without_sample, 1U);
  EXPECT_EQ(set->report().without_literals, 2U);
}

}  // namespace
}  // namespace sekisho::rules::match::testing
