#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rules/match/literal_automaton.h"
#include "rules/match/literal_reader.h"
#include "tests/unit/match/support.h"

namespace sekisho::rules::match::testing {
namespace {

std::string literals_of(std::string_view pattern) {
  std::string all;
  for (const auto& set : required_literals(regex_of(pattern))) {
    all += all.empty() ? "" : " & ";
    for (const auto& literal : set) all += (&literal == set.data() ? "" : "|") + literal;
  }
  return all;
}

TEST(TheLiteralsOfAPattern, AreWhatEveryMatchHolds) {
  EXPECT_EQ(literals_of("Viagra"), "viagra");
  EXPECT_EQ(literals_of("click here"), "click here");
  EXPECT_EQ(literals_of("\\bfree\\s+money\\b"), "money & free");
  EXPECT_EQ(literals_of("(?:cheap|free) pills"), "cheap pills|free pills");
  EXPECT_EQ(literals_of("colou?r"), "color|colour");
  EXPECT_EQ(literals_of("gr[ae]y"), "gray|grey");
  EXPECT_EQ(literals_of("(\\w+)@example\\.com"), "@example.com");
  EXPECT_EQ(literals_of("(?i)Ab(?=.*secret)c"), "secret & abc");
  EXPECT_EQ(literals_of("(?<!x)foo(?!bar)"), "foo");
  EXPECT_EQ(literals_of("fo{3}"), "fooo");
  EXPECT_EQ(literals_of("ab+cd{2,}e"), "cdd & ab & e");
  EXPECT_EQ(literals_of("a b # note\n c/x"), "abc");
  EXPECT_EQ(literals_of("\\Qa.b*\\E"), "a.b*");
  EXPECT_EQ(literals_of("\\x41\\x{42}\\t"), "ab\t");
  EXPECT_EQ(literals_of("(foo|\\d+)bar"), "bar");
  EXPECT_EQ(literals_of("(foo|bar)\\1"), "bar|foo");
}

TEST(TheLiteralsOfAPattern, AreNoneWhereItIsNotCertain) {
  for (const std::string pattern :
       {"", "\\d+", "a*", "(foo)?", "foo|", "foo|\\w+", "(?:foo){0}", "fo(*ACCEPT)o", "(?x) f o o",
        "(a)(?(1)foo|bar)", "(?^)foo", "a{,2}b", "(?=foo)*", "[^a]", "(?:foo|x*)"}) {
    EXPECT_EQ(literals_of(pattern), "") << pattern;
  }
}

TEST(TheAutomaton, FindsLiteralsWithinAndBehindOthers) {
  const std::vector<LiteralAutomaton::Entry> entries = {{"he", 0},   {"she", 1}, {"his", 2},
                                                        {"hers", 3}, {"e", 4},   {"she", 5}};
  const LiteralAutomaton automaton(entries);
  const auto found = [&](std::string_view text) {
    Candidates places;
    Candidates all;
    all.begin(6);
    automaton.search(text, places, all);
    std::string said;
    for (std::uint32_t i = 0; i < 6; ++i) said += all.has(i) ? std::to_string(i) : "";
    return said;
  };
  EXPECT_EQ(found("uSHErs"), "01345");
  EXPECT_EQ(found("hi s"), "");
  EXPECT_EQ(found("this he"), "024");
  EXPECT_EQ(found("tree"), "4");
  EXPECT_EQ(found(""), "");
}

// The same literal at every place of a long text is told once: the search stays linear.
TEST(TheAutomaton, TellsOfALiteralOnce) {
  std::vector<LiteralAutomaton::Entry> entries;
  for (std::uint32_t i = 0; i < 1000; ++i) entries.push_back({std::string(1 + i % 8, 'a'), i});
  const LiteralAutomaton automaton(entries);
  Candidates places;
  Candidates all;
  all.begin(1000);
  automaton.search(std::string(1'000'000, 'a'), places, all);
  EXPECT_EQ(all.all().size(), 1000U);
  EXPECT_EQ(places.all().size(), 8U);
}

}  // namespace
}  // namespace sekisho::rules::match::testing
