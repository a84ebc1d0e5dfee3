#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "filters/spf/libspf2_engine.h"
#include "tests/unit/spf/suite.h"

namespace sekisho::spf::testing {
namespace {

class Libspf2 : public ::testing::Test {
 protected:
  Verdict evaluate(std::string_view record, std::string_view sender = "user@example.com",
                   std::string_view client = "192.0.2.1") {
    zone.add("example.com", dns::Type::txt, record);
    return evaluate_again(sender, client);
  }
  Verdict evaluate_again(std::string_view sender, std::string_view client) {
    Query query;
    query.client = IpAddress::parse(client).value();
    query.helo = "mail.example.com";
    query.identity = sender;
    zone.forget_questions();
    return evaluate_by_libspf2(query, [&](const Question& question) { return zone.ask(question); });
  }
  Zone zone;
};

TEST_F(Libspf2, GivesTheSameAsOursOnMostOfTheSuite) {
  int same = 0;
  int all = 0;
  std::string others;
  for (const auto& test : read_suite()) {
    const auto verdict = evaluate_by_libspf2(
        test.query, [&](const Question& question) { return test.zone->ask(question); });
    ++all;
    if (test.outcomes.contains(std::string(to_string(verdict.outcome)))) {
      ++same;
    } else {
      others += " " + test.name;
    }
  }
  std::cout << "libspf2: " << same << " of " << all << "; wrong:" << others << '\n';
  EXPECT_GE(same, 165);
}

TEST_F(Libspf2, PassesAndFails) {
  EXPECT_EQ(evaluate("v=spf1 ip4:192.0.2.0/24 -all").outcome, Outcome::pass);
  EXPECT_EQ(evaluate_again("user@example.com", "198.51.100.1").outcome, Outcome::fail);
}

TEST_F(Libspf2, NeverSeesTheExplanation) {
  // What crashed it (CVE-2023-42118): an explanation of many macros.
  std::string macros;
  for (int i = 0; i < 127; ++i) macros += "%{i}";
  zone.add("why.example.com", dns::Type::txt, macros + std::string(20, 'x'));
  const auto verdict = evaluate("v=spf1 exp=why.example.com -all");
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.explanation, "");
  EXPECT_EQ(zone.asked().size(), 1U);
}

TEST_F(Libspf2, NeverSeesALargeRecord) {
  std::string macros;
  for (int i = 0; i < 127; ++i) macros += "%{i}.";
  const auto verdict = evaluate("v=spf1 exists:" + macros + std::string(5000, 'x') + " -all");
  EXPECT_EQ(verdict.outcome, Outcome::permerror);
  EXPECT_NE(verdict.problem.find("1024"), std::string::npos) << verdict.problem;
}

TEST_F(Libspf2, NeverSeesARecordOfWrongSyntax) {
  const auto verdict = evaluate("v=spf1 ip4:192.0.2.0/24 exists:%(i} -all");
  EXPECT_EQ(verdict.outcome, Outcome::permerror);
}

TEST_F(Libspf2, AsksForNoMoreThanTenTermsInAnyTree) {
  const auto list = [](const std::string& stem, const std::string& end) {
    std::string record = "v=spf1";
    for (int i = 0; i < 9; ++i) record += " include:" + stem + std::to_string(i) + end;
    return record + " -all";
  };
  for (int i = 0; i < 9; ++i) {
    const auto name = "a" + std::to_string(i);
    zone.add(name + ".example.com", dns::Type::txt, list("b", "." + name + ".example.com"));
    for (int k = 0; k < 9; ++k) {
      const auto below = "b" + std::to_string(k) + "." + name + ".example.com";
      zone.add(below, dns::Type::txt, list("c", "." + below));
    }
  }
  const auto verdict = evaluate(list("a", ".example.com"));
  EXPECT_EQ(verdict.outcome, Outcome::permerror);
  EXPECT_LE(zone.asked().size(), 11U);
}

TEST_F(Libspf2, StopsAtTheThirdVoidLookUp) {
  const auto verdict = evaluate("v=spf1 a:x.example.com a:y.example.com a:z.example.com -all");
  EXPECT_EQ(verdict.outcome, Outcome::permerror);
  EXPECT_LE(zone.asked().size(), 4U);
}

TEST_F(Libspf2, AFailedLookUpIsTemporary) {
  zone.fail("broken.example.com", dns::Type::a);
  EXPECT_EQ(evaluate("v=spf1 a:broken.example.com -all").outcome, Outcome::temperror);
  zone.fail("nowhere.example", dns::Type::txt);
  EXPECT_EQ(evaluate_again("user@nowhere.example", "192.0.2.1").outcome, Outcome::temperror);
}

TEST_F(Libspf2, TakesNoNamesThatBreakItsHeader) {
  const auto verdict = evaluate("v=spf1 -all", "a\r\nX: y@example.com");
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.explanation, "");
}

}  // namespace
}  // namespace sekisho::spf::testing
