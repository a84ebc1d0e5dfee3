// The public test suite of RFC 4408 (tests/data/spf/), a test a case. Where RFC 7208 changed a
// rule, kChanged below says what is right now, and why.
#include "tests/unit/spf/suite.h"

#include <string>

#include <gtest/gtest.h>

#include "gateway/base/text.h"

namespace sekisho::spf::testing {
namespace {

class Suite : public ::testing::TestWithParam<Case> {};

TEST_P(Suite, GivesTheResult) {
  const auto& test = GetParam();
  const auto verdict = test.zone->evaluate(test.query);
  const std::string outcome(to_string(verdict.outcome));
  EXPECT_TRUE(test.outcomes.contains(outcome))
      << outcome << ", not " << *test.outcomes.begin() << ": " << verdict.problem;
  if (test.explanation == "DEFAULT") {
    EXPECT_EQ(verdict.explanation, "");
  } else if (!test.explanation.empty()) {
    EXPECT_EQ(verdict.explanation, test.explanation);
  }
  EXPECT_LE(verdict.void_lookups, 3U);
}

std::string test_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (!is_alnum(c)) c = '_';
  }
  return std::to_string(info.index) + "_" + name;
}

INSTANTIATE_TEST_SUITE_P(Rfc4408, Suite, ::testing::ValuesIn(read_suite()), test_name);

}  // namespace
}  // namespace sekisho::spf::testing
