#include "rules/check/regex.h"

#include <gtest/gtest.h>

#include "rules/check/regex_shape.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

Regex compiled(const std::string& pattern) {
  auto regex = Regex::compile(pattern, "");
  EXPECT_TRUE(regex) << pattern;
  return *regex;
}

TEST(APattern, EndsAtItsMatchLimit) {
  EXPECT_EQ(compiled("(a+)+$").match(std::string(60, 'a') + "!"), MatchResult::limit);
  EXPECT_EQ(compiled("a+$").match(std::string(60, 'a')), MatchResult::match);
  EXPECT_EQ(compiled("a+$").match(std::string(60, 'b')), MatchResult::no_match);
}

TEST(APattern, TellsWhereItIsWrong) {
  const auto wrong = Regex::compile("ab(c", "");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().offset, 4U);
  EXPECT_FALSE(Regex::compile("a", "g"));
  EXPECT_FALSE(Regex::compile("(*LIMIT_MATCH=1)a", ""));
  EXPECT_FALSE(Regex::compile("a\\C", ""));
  EXPECT_FALSE(Regex::compile("a(?C1)", ""));
}

// Whatever is said never to match must not match anything that it could be made of.
TEST(WhatCanNeverMatch, IsNeverSaidOfAPatternThatMatches) {
  for (const std::string pattern :
       {"^a", "a$", "a$\\n", "\\ba\\b", "a\\b-", "(^|x)a", "x?^a", "(?:a|^)b", "a|b$", "a{0}^b",
        "$", "^$", "a(b|$)", "\\Aa\\z", "(a|b\\b)c*", "-\\ba", "a\\b$", "(?:^)a", "(?:a$|b)"}) {
    EXPECT_FALSE(never_matches(read_shape(pattern, false), false)) << pattern;
  }
  for (const std::string pattern :
       {"a^", "a^b", "$a", "a\\bb", "(?!)", "(a^|b^)", "a+^", "(ab)^c"}) {
    EXPECT_TRUE(never_matches(read_shape(pattern, false), false)) << pattern;
    EXPECT_TRUE(Regex::compile(pattern, "")) << pattern;
  }
}

TEST(OrdinaryPatterns, GetNoWarning) {
  for (const std::string pattern :
       {"\\burgent(?:ly)?\\b", "\\bkeep\\s+this\\s+(?:confidential|between\\s+us)\\b",
        "[a-z0-9._%+-]+@example\\.com", "https?://[^\\s/]+/x", "^Re: ", "\\d{4}-\\d{2}-\\d{2}",
        "(foo|bar)+baz", "a.*b", "^\\s*$"}) {
    Checked checked;
    check_text("rule r { at message when subject matches /" +
                   std::string(pattern == "https?://[^\\s/]+/x" ? "https?:\\/\\/[^\\s\\/]+\\/x"
                                                                : pattern) +
                   "/ then tag \"x\" }\n",
               checked);
    EXPECT_EQ(checked.said(), "") << pattern;
  }
}

}  // namespace
}  // namespace sekisho::rules::testing
