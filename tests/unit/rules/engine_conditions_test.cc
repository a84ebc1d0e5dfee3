// When a condition is true.
#include <gtest/gtest.h>

#include "tests/unit/rules/engine_support.h"

namespace sekisho::rules::testing {
namespace {

using engine::Answer;
using engine::End;

// Whether the condition is true of the facts; declarations go before the rule.
struct Asked : Engine {
  explicit Asked(const std::string& when, Stage stage = Stage::message,
                 const std::string& declarations = {})
      : Engine(declarations + "\nrule r \"r\" { at " + std::string(to_string(stage)) + " when " +
               when + " then tag \"true\" }"),
        stage(stage) {}
  bool holds() {
    const auto decision = at(stage);
    EXPECT_TRUE(decision.failures.empty()) << decision.failures[0].why;
    return !decision.hits.empty();
  }
  bool fails() { return !at(stage).failures.empty(); }
  Stage stage;
};

TEST(RulesCondition, TextsAreComparedWhateverTheirCase) {
  Asked is("subject is \"Hello\"");
  is.facts.set("subject", "hELLO");
  EXPECT_TRUE(is.holds());
  Asked contains("subject contains \"INVOICE\"");
  contains.facts.set("subject", "Your invoice");
  EXPECT_TRUE(contains.holds());
  Asked starts("subject starts with \"re:\"");
  starts.facts.set("subject", "RE: x");
  EXPECT_TRUE(starts.holds());
  Asked ends("subject ends with \".HTML\"");
  ends.facts.set("subject", "a.html");
  EXPECT_TRUE(ends.holds());
  Asked matches("subject matches /Hello/");
  matches.facts.set("subject", "hello");
  EXPECT_FALSE(matches.holds());
}

TEST(RulesCondition, AComparisonWithWhatIsAbsentIsFalseAndSoIsItsOpposite) {
  for (const std::string when :
       {"mail.from is a@b.example", "mail.from is not a@b.example", "mail.from in known",
        "mail.from not in known", "mail.from contains \"a\"", "mail.from matches /a/",
        "mail.from in own[auth.user]", "mail.from not in own[auth.user]", "mail.from is present"}) {
    Asked asked(when, Stage::mail,
                "list known = addresses { a@b.example }\n"
                "map own = user -> addresses { alice: a@b.example }");
    asked.facts.set("auth.user", "alice");
    EXPECT_FALSE(asked.holds()) << when;
  }
  EXPECT_TRUE(Asked("mail.from is absent", Stage::mail).holds());
  EXPECT_TRUE(Asked("not mail.from is present", Stage::mail).holds());
}

TEST(RulesCondition, AKeyThatIsAbsentIsAbsentButOneWithoutAnEntryIsEmpty) {
  Asked asked("mail.from not in own[auth.user]", Stage::mail,
              "map own = user -> addresses { alice: a@b.example, @c.example }");
  asked.facts.set("mail.from", "a@b.example");
  EXPECT_FALSE(asked.holds());
  asked.facts.set("auth.user", "bob");
  EXPECT_TRUE(asked.holds());
  asked.facts.set("auth.user", "alice");
  EXPECT_FALSE(asked.holds());
  asked.facts.set("mail.from", "x@c.example");
  EXPECT_FALSE(asked.holds());
  asked.facts.set("mail.from", "x@d.example");
  EXPECT_TRUE(asked.holds());
}

TEST(RulesCondition, DomainsAreThemselvesAndWithAStarAllBelow) {
  Asked one("rcpt.domain is example.com", Stage::rcpt);
  one.facts.set("rcpt.domain", "example.com");
  EXPECT_TRUE(one.holds());
  one.facts.set("rcpt.domain", "sub.example.com");
  EXPECT_FALSE(one.holds());
  Asked below("rcpt.domain is *.example.com", Stage::rcpt);
  below.facts.set("rcpt.domain", "example.com");
  EXPECT_FALSE(below.holds());
  below.facts.set("rcpt.domain", "a.b.example.com");
  EXPECT_TRUE(below.holds());
  below.facts.set("rcpt.domain", "notexample.com");
  EXPECT_FALSE(below.holds());
}

TEST(RulesCondition, AddressesOfADomainAreWrittenWithoutALocalPart) {
  Asked asked("rcpt is @example.com", Stage::rcpt);
  asked.facts.set("rcpt", "Anybody@example.com");
  EXPECT_TRUE(asked.holds());
  asked.facts.set("rcpt", "anybody@example.org");
  EXPECT_FALSE(asked.holds());
}

TEST(RulesCondition, NetworksHoldAddresses) {
  Asked asked("client.ip in 192.0.2.0/24", Stage::connect);
  asked.facts.set("client.ip", "192.0.2.77");
  EXPECT_TRUE(asked.holds());
  asked.facts.set("client.ip", "192.0.3.1");
  EXPECT_FALSE(asked.holds());
  Asked listed("client.ip not in inside", Stage::connect,
               "list inside = networks { 10.0.0.0/8, 2001:db8::/32 }");
  listed.facts.set("client.ip", "2001:db8::1");
  EXPECT_FALSE(listed.holds());
  listed.facts.set("client.ip", "2001:db9::1");
  EXPECT_TRUE(listed.holds());
}

TEST(RulesCondition, NumbersSizesTimesAndDatesAreOrdered) {
  Asked size("message.size > 10MB");
  size.facts.set("message.size", "10MB");
  EXPECT_FALSE(size.holds());
  size.facts.set("message.size", "11MB");
  EXPECT_TRUE(size.holds());
  Asked night("time >= 22:00 or time < 06:00", Stage::connect);
  night.facts.set("time", "23:30");
  EXPECT_TRUE(night.holds());
  night.facts.set("time", "05:59");
  EXPECT_TRUE(night.holds());
  night.facts.set("time", "06:00");
  EXPECT_FALSE(night.holds());
  Asked weekend("time.weekday is saturday or time.weekday is sunday", Stage::connect);
  weekend.facts.set("time.weekday", "sunday");
  EXPECT_TRUE(weekend.holds());
  Asked old("header.date < time.date");
  old.facts.set("header.date", "2026-11-23");
  old.facts.set("time.date", "2026-11-24");
  EXPECT_TRUE(old.holds());
  Asked count("rcpt.count >= 20", Stage::rcpt);
  count.facts.set("rcpt.count", "19");
  EXPECT_FALSE(count.holds());
  count.facts.set("rcpt.count", "20");
  EXPECT_TRUE(count.holds());
}

TEST(RulesCondition, SeveralAreCountedAndContainWhole) {
  Asked count("count of text.card_numbers >= 2");
  EXPECT_FALSE(count.holds());
  count.facts.set_all("text.card_numbers", {"4111111111111111", "5500000000000004"});
  EXPECT_TRUE(count.holds());
  EXPECT_TRUE(Asked("count of text.card_numbers < 1").holds());
  Asked contains("header.to contains info@example.com");
  contains.facts.set_all("header.to", {"a@example.com", "Info@example.com"});
  EXPECT_TRUE(contains.holds());
  Asked tags("tags contains \"spam\"");
  tags.state.tag(Stage::mail, "spammy");
  EXPECT_FALSE(tags.holds());
}

TEST(RulesCondition, AFieldThatIsThereTwiceFitsIfAnyDoes) {
  Asked asked("header \"X-Test\" is \"b\"");
  asked.facts.field("X-Test", {"a", "b"});
  EXPECT_TRUE(asked.holds());
  Asked absent("header \"X-Test\" is absent");
  EXPECT_TRUE(absent.holds());
  absent.facts.field("X-Test", {""});
  EXPECT_FALSE(absent.holds());
}

TEST(RulesCondition, AnyEveryAndNoAskTheItems) {
  Asked any("any rcpt where (rcpt.domain is a.example)");
  Asked every("every rcpt where (rcpt.domain is a.example)");
  Asked no("no rcpt where (rcpt.domain is a.example)");
  EXPECT_FALSE(any.holds());
  EXPECT_TRUE(every.holds());
  EXPECT_TRUE(no.holds());
  for (Asked* one : {&any, &every, &no}) one->facts.item("rcpt", {{"rcpt.domain", {"a.example"}}});
  EXPECT_TRUE(any.holds());
  EXPECT_TRUE(every.holds());
  EXPECT_FALSE(no.holds());
  for (Asked* one : {&any, &every, &no}) one->facts.item("rcpt", {{"rcpt.domain", {"b.example"}}});
  EXPECT_TRUE(any.holds());
  EXPECT_FALSE(every.holds());
  EXPECT_FALSE(no.holds());
}

TEST(RulesCondition, AllThatIsSaidOfAnItemIsOfTheSameItem) {
  Asked asked("any part where (part.kind is archive and part.encrypted)");
  asked.facts.item("part", {{"part.kind", {"archive"}}, {"part.encrypted", {"no"}}});
  asked.facts.item("part", {{"part.kind", {"text"}}, {"part.encrypted", {"yes"}}});
  EXPECT_FALSE(asked.holds());
  asked.facts.item("part", {{"part.kind", {"archive"}}, {"part.encrypted", {"yes"}}});
  EXPECT_TRUE(asked.holds());
}

TEST(RulesCondition, AddressesAreThoseOfTheFieldThatIsNamed) {
  Asked asked(
      "any address in header.from where (address.domain is a.example)"
      " and any address in header.to where (address.domain is b.example)");
  asked.facts.item("address", {{"address.domain", {"a.example"}}}, "header.from");
  EXPECT_FALSE(asked.holds());
  asked.facts.item("address", {{"address.domain", {"b.example"}}}, "header.to");
  EXPECT_TRUE(asked.holds());
}

TEST(RulesCondition, AnItemInsideOfAnotherMayBeComparedWithIt) {
  Asked asked("any rcpt where (any address in header.from where (address is rcpt))");
  asked.facts.item("address", {{"address", {"c@x.example"}}}, "header.from");
  asked.facts.item("address", {{"address", {"d@x.example"}}}, "header.from");
  asked.facts.item("rcpt", {{"rcpt", {"a@x.example"}}});
  EXPECT_FALSE(asked.holds());
  asked.facts.item("rcpt", {{"rcpt", {"d@x.example"}}});
  EXPECT_TRUE(asked.holds());
}

TEST(RulesCondition, ADefineThatIsUsedOfEachItemIsAskedOfEach) {
  Asked asked("any rcpt where (foreign and rcpt.local is \"b\")", Stage::message,
              "define foreign = rcpt.domain is not a.example and not authenticated");
  asked.facts.item("rcpt", {{"rcpt.domain", {"a.example"}}, {"rcpt.local", {"b"}}});
  EXPECT_FALSE(asked.holds());
  asked.facts.item("rcpt", {{"rcpt.domain", {"c.example"}}, {"rcpt.local", {"b"}}});
  EXPECT_TRUE(asked.holds());
  asked.facts.yes("authenticated");
  EXPECT_FALSE(asked.holds());
}

TEST(RulesCondition, OfReadingsAnyMayFit) {
  Asked asked("any part where (part.extension in programs)", Stage::message,
              "list programs = extensions { exe }");
  asked.facts.item("part", {{"part.extension", {"pdf", "exe"}}});
  EXPECT_TRUE(asked.holds());
}

TEST(RulesCondition, WhatTheWorkerAnsweredIsNotAskedAgain) {
  Asked asked("text matches /invoice/");
  EXPECT_TRUE(asked.fails());
  const auto name = to_string(*asked.set->rules[0].when);
  asked.facts.answers[name] = Answer::yes;
  EXPECT_TRUE(asked.holds());
  asked.facts.answers[name] = Answer::no;
  EXPECT_FALSE(asked.holds());
  asked.facts.answers[name] = Answer::failed;
  EXPECT_TRUE(asked.fails());
}

TEST(RulesCondition, NobodySearchesALongTextOnTheLoop) {
  Asked asked("subject matches /x/");
  asked.facts.set("subject", std::string(engine::kMaxOwnText, 'a') + "x");
  EXPECT_TRUE(asked.fails());
}

TEST(RulesCondition, APatternAtItsLimitFailsTheRule) {
  Asked asked("subject matches /(a+)+$/");
  asked.facts.set("subject", std::string(60, 'a') + "!");
  EXPECT_TRUE(asked.fails());
}

TEST(RulesCondition, PatternsAreCountedAndOnesThatFailedCountOnlyWhereTheyMatter) {
  const std::string words = "patterns words in text { a /a/ b /b/ c /c/ }";
  Asked two("at least 2 of words match", Stage::message, words);
  EXPECT_TRUE(two.fails());
  using enum Answer;
  two.facts.pattern_answers[0] = {yes, no, no};
  EXPECT_FALSE(two.holds());
  two.facts.pattern_answers[0] = {yes, no, yes};
  EXPECT_TRUE(two.holds());
  two.facts.pattern_answers[0] = {yes, failed, yes};
  EXPECT_TRUE(two.holds());
  two.facts.pattern_answers[0] = {yes, failed, no};
  EXPECT_TRUE(two.fails());
  two.facts.pattern_answers[0] = {no, failed, no};
  EXPECT_FALSE(two.holds());
  two.facts.pattern_answers[0] = {yes, yes};
  EXPECT_TRUE(two.fails());
}

TEST(RulesCondition, AListOfWordsIsLookedForInATextAndABrokenOneFails) {
  Asked asked("subject contains words", Stage::message, "list words = words { invoice, gift }");
  asked.facts.set("subject", "A Gift for you");
  EXPECT_TRUE(asked.holds());
  asked.facts.set("subject", "nothing");
  EXPECT_FALSE(asked.holds());
  asked.lists.broken = true;
  EXPECT_TRUE(asked.fails());
}

TEST(RulesCondition, ManyItemsAndManyRulesEndWithinTheBound) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "rule r" + std::to_string(i) +
            " \"r\" { on_error continue at message when any url where (url.domain is a" +
            std::to_string(i) + ".example) then reject \"no\" }\n";
  }
  Engine engine(text);
  for (int i = 0; i < 2000; ++i) {
    engine.facts.item("url", {{"url.domain", {"b" + std::to_string(i) + ".example"}}});
  }
  const auto decision = engine.at(Stage::message);
  EXPECT_FALSE(decision.failures.empty());
  EXPECT_LT(decision.steps, engine::kMaxSteps + 10'000);
}

TEST(RulesCondition, DefinesOfDefinesAreBounded) {
  std::string text = "define d0 = tls and authenticated\n";
  const auto define = [&](int i) {
    const auto one = "d" + std::to_string(i - 1);
    text += "define d" + std::to_string(i) + " = (" + one + " and helo is present) or not " + one +
            "\n";
  };
  for (int i = 1; i <= 9; ++i) define(i);
  Asked asked("d9", Stage::mail, text);
  EXPECT_TRUE(asked.holds());
  EXPECT_LT(asked.at(Stage::mail).steps, 100U);
  for (int i = 10; i < 100; ++i) define(i);
  Checked checked;
  check_text(text + "rule r \"r\" { at mail when d99 then tag \"x\" }", checked);
  EXPECT_TRUE(checked.said().contains("this condition holds more than 2000 comparisons"));
}

}  // namespace
}  // namespace sekisho::rules::testing
