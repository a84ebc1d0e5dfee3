// What the rules of a stage decide.
#include <gtest/gtest.h>

#include "tests/unit/rules/engine_support.h"

namespace sekisho::rules::testing {
namespace {

using engine::Answer;
using engine::End;

TEST(RulesEngine, TheFirstEndIsTheLastRule) {
  Engine engine(R"(
    rule first "1" { at rcpt when rcpt.domain is a.example then tag "one" }
    rule second "2" { at rcpt when rcpt.domain is a.example then reject 550 5.1.1 "No {rcpt}." }
    rule third "3" { at rcpt then tag "three" }
  )");
  engine.facts.set("rcpt", "info@a.example");
  engine.facts.set("rcpt.domain", "a.example");
  const auto decision = engine.at(Stage::rcpt);
  EXPECT_EQ(decision.end, End::reject);
  EXPECT_EQ(decision.code, 550);
  EXPECT_EQ(decision.enhanced, "5.1.1");
  EXPECT_EQ(decision.text, "No info@a.example.");
  EXPECT_EQ(engine.name(*decision.rule), "second");
  EXPECT_EQ(engine.state.tags(), std::vector<std::string>{"one"});
  engine.facts.set("rcpt.domain", "b.example");
  EXPECT_EQ(engine.says(Stage::rcpt), "three, none");
  EXPECT_EQ(engine.says(Stage::mail), "none");
}

TEST(RulesEngine, AllActionsOfARuleAreDoneEvenBehindItsEnd) {
  Engine engine(R"(
    rule r "r" { at mail then reject "no" and notify "a@b.example" "said\nno" and tag "x" }
  )");
  const auto decision = engine.at(Stage::mail);
  EXPECT_EQ(decision.end, End::reject);
  ASSERT_EQ(decision.effects.size(), 2U);
  EXPECT_EQ(decision.effects[0].action->name, "a@b.example");
  EXPECT_EQ(decision.effects[0].text, "said\nno");
  EXPECT_EQ(decision.effects[1].text, "x");
}

TEST(RulesEngine, AcceptSkipsTheStageAndNothingElse) {
  Engine engine(R"(
    rule friends "f" { at mail when mail.from.domain is friend.example then accept }
    rule all "a" { at mail then reject "no" }
    rule later "l" { at rcpt then reject "no" }
  )");
  engine.facts.set("mail.from.domain", "friend.example");
  EXPECT_EQ(engine.says(Stage::mail), "accept by friends");
  EXPECT_EQ(engine.says(Stage::rcpt), "reject by later");
}

TEST(RulesEngine, SkipLeavesTheGroupAndTheRulesBehindItAreAsked) {
  Engine engine(R"(
    group strangers when not authenticated {
      rule known "k" { at mail when mail.from.domain is friend.example then skip and tag "friend" }
      rule others "o" { at mail then reject "no" }
    }
    rule behind "b" { at mail then tag "behind" }
  )");
  engine.facts.set("mail.from.domain", "friend.example");
  EXPECT_EQ(engine.says(Stage::mail), "friend, behind, none");
  engine.facts.set("mail.from.domain", "other.example");
  EXPECT_EQ(engine.says(Stage::mail), "reject by others");
  engine.facts.yes("authenticated");
  EXPECT_EQ(engine.says(Stage::mail), "behind, none");
}

TEST(RulesEngine, RulesThatAreOffAreNotAsked) {
  Engine engine(R"(rule r "r" { off at mail then reject "no" })");
  EXPECT_EQ(engine.says(Stage::mail), "none");
}

TEST(RulesEngine, ARuleOnTrialIsToldAndDoesNothing) {
  Engine engine(R"(
    rule trial "t" { shadow until 2026-12-08 then enforce at mail then tag "x" and reject "no" }
    rule ever "e" { shadow until 2026-12-08 at mail then tag "y" }
  )");
  engine.facts.set("time.date", "2026-12-07");
  auto decision = engine.at(Stage::mail);
  EXPECT_EQ(decision.end, End::none);
  EXPECT_TRUE(decision.effects.empty());
  EXPECT_TRUE(decision.hits.empty());
  ASSERT_EQ(decision.shadow.size(), 2U);
  EXPECT_EQ(decision.shadow[0].would, "reject");
  EXPECT_EQ(decision.shadow[1].would, "tag");
  EXPECT_TRUE(engine.state.tags().empty());
  engine.facts.set("time.date", "2026-12-08");
  EXPECT_EQ(engine.says(Stage::mail), "x, reject by trial");
  engine.facts.clear("time.date");
  EXPECT_EQ(engine.says(Stage::mail), "none");
}

TEST(RulesEngine, AfterItsDayATrialThatIsNotEnforcedGoesOn) {
  Engine engine(R"(rule ever "e" { shadow until 2026-12-08 at mail then reject "no" })");
  engine.facts.set("time.date", "2027-12-08");
  EXPECT_EQ(engine.says(Stage::mail), "none");
}

TEST(RulesEngine, ARuleThatFailsDefersWhereNothingElseIsSaid) {
  Engine engine(R"(
    list bad = domains { bad.example }
    rule r "r" { at mail when mail.from.domain in bad then tag "x" }
    rule behind "b" { at mail then tag "behind" }
  )");
  engine.facts.set("mail.from.domain", "a.example");
  EXPECT_EQ(engine.says(Stage::mail), "behind, none");
  engine.lists.broken = true;
  const auto decision = engine.at(Stage::mail);
  EXPECT_EQ(decision.end, End::defer);
  EXPECT_EQ(decision.code, 451);
  EXPECT_TRUE(decision.by_failure);
  ASSERT_EQ(decision.failures.size(), 1U);
  EXPECT_EQ(decision.failures[0].why, "bad can't be read");
}

TEST(RulesEngine, OnErrorSaysWhatAFailureMeans) {
  Engine engine(R"(
    list bad = domains { bad.example }
    rule on "c" { on_error continue at mail when mail.from.domain in bad then tag "x" }
    rule trial "t" { shadow until 2027-01-01 at mail when mail.from.domain in bad then tag "x" }
    rule strict "s" { on_error reject at mail when mail.from.domain in bad then tag "x" }
  )");
  engine.facts.set("mail.from.domain", "a.example");
  engine.lists.broken = true;
  const auto decision = engine.at(Stage::mail);
  EXPECT_EQ(decision.end, End::reject);
  EXPECT_EQ(decision.code, 554);
  EXPECT_EQ(engine.name(*decision.rule), "strict");
  ASSERT_EQ(decision.failures.size(), 3U);
  EXPECT_TRUE(decision.failures[1].shadow);
  EXPECT_EQ(decision.failures[2].why, "bad can't be read");
}

TEST(RulesEngine, WhatIsNotReachedCannotFail) {
  Engine engine(R"(
    list bad = domains { bad.example }
    rule r "r" { at mail when tls or mail.from.domain in bad then tag "x" }
  )");
  engine.facts.set("mail.from.domain", "a.example");
  engine.facts.yes("tls");
  engine.lists.broken = true;
  EXPECT_EQ(engine.says(Stage::mail), "x, none");
}

TEST(RulesEngine, TagsAndScoresAreSeenByLaterRules) {
  Engine engine(R"(
    score odd
    rule early "0" { at mail when tags contains "seen" then tag "never" }
    rule one "1" { at mail when mail.from is absent then add 2 to odd and tag "seen" }
    rule two "2" { at mail when tags contains "seen" then add 1.5 to odd }
    rule three "3" { at mail when odd >= 3.5 then defer "odd {odd}" }
  )");
  EXPECT_EQ(engine.at(Stage::mail).text, "odd 3.5");
  EXPECT_EQ(engine.state.tags(), std::vector<std::string>{"seen"});
  engine.state.begin_transaction();
  EXPECT_TRUE(engine.state.tags().empty());
  engine.facts.set("mail.from", "a@b.example");
  EXPECT_EQ(engine.says(Stage::mail), "none");
}

TEST(RulesEngine, WhatIsTaggedBeforeMailStaysForTheSession) {
  Engine engine(R"(
    rule c "c" { at connect then tag "slow" }
    rule m "m" { at mail then tag "once" }
  )");
  engine.at(Stage::connect);
  engine.at(Stage::mail);
  EXPECT_EQ(engine.state.tags(), (std::vector<std::string>{"slow", "once"}));
  engine.state.begin_transaction();
  EXPECT_EQ(engine.state.tags(), std::vector<std::string>{"slow"});
}

TEST(RulesEngine, RulesOfAnotherListenerAreNotEvenAsked) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += "rule r" + std::to_string(i) +
            " \"r\" { at rcpt when listener is mx and rcpt.domain is a" + std::to_string(i) +
            ".example then reject \"no\" }\n";
  }
  text += "rule last \"l\" { at rcpt then tag \"last\" }\n";
  Engine engine(text);
  engine.facts.set("rcpt.domain", "a99.example");
  engine.facts.set("listener", "submission");
  const auto decision = engine.at(Stage::rcpt);
  EXPECT_LT(decision.steps, 5U);
  EXPECT_EQ(engine.says(Stage::rcpt), "last, none");
  engine.facts.set("listener", "MX");
  EXPECT_EQ(engine.says(Stage::rcpt), "reject by r99");
}

TEST(RulesEngine, WhatRulesShareIsReadOnce) {
  std::string text = "define outside = authenticated and rcpt.domain is not a.example\n";
  for (int i = 0; i < 50; ++i) {
    text += "rule r" + std::to_string(i) + " \"r\" { at rcpt when outside and helo is h" +
            std::to_string(i) + ".example then reject \"no\" }\n";
  }
  Engine engine(text);
  engine.facts.yes("authenticated");
  engine.facts.set("rcpt.domain", "b.example");
  engine.facts.set("helo", "x.example");
  engine.at(Stage::rcpt);
  EXPECT_EQ(engine.facts.asked, 3U);
}

TEST(RulesEngine, NoRulesNoWork) {
  Engine engine(R"(rule r "r" { at mail then tag "x" })");
  EXPECT_FALSE(engine.program->has_work_at(Stage::rcpt));
  EXPECT_EQ(engine.at(Stage::rcpt).steps, 0U);
  EXPECT_EQ(engine.facts.asked, 0U);
}

}  // namespace
}  // namespace sekisho::rules::testing
