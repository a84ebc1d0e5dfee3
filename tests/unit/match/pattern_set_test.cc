#include "rules/match/pattern_set.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/match/support.h"

namespace sekisho::rules::match::testing {
namespace {

TEST(APatternSet, AnswersForEachPattern) {
  const auto set = set_of({"foo", "ba[rz]", "^x", "y$/m"});
  EXPECT_EQ(answers(*set, "a foo and a baz"), "yyNN");
  EXPECT_EQ(answers(*set, "xy\nz"), "NNyy");
  EXPECT_EQ(answers(*set, ""), "NNNN");
}

TEST(APatternSet, SaysFailedWhereALimitWasReached) {
  for (const bool jit : {true, false}) {
    const auto set = set_of({"(?:a+)+$", "a"}, {.jit = jit});
    EXPECT_EQ(answers(*set, std::string(60, 'a') + "!"), "fy");
    EXPECT_EQ(set->report().interpreted, jit ? 0U : 2U);
  }
}

TEST(APatternSet, FindsTheFirstMatch) {
  const auto set = set_of({"fo+", "bar"});
  Scratch scratch;
  const auto found = set->find(0, "a foo fooo", scratch);
  EXPECT_EQ(found.answer, Answer::yes);
  EXPECT_EQ(found.offset, 2U);
  EXPECT_EQ(found.length, 3U);
  EXPECT_EQ(set->find(1, "a foo", scratch).answer, Answer::no);
}

TEST(APatternSet, MayBeEmpty) { EXPECT_EQ(answers(*set_of({}), "text"), ""); }

}  // namespace
}  // namespace sekisho::rules::match::testing
