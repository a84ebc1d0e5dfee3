// Limits as rules ask them, texts with values, and traces.
#include <gtest/gtest.h>

#include "tests/unit/rules/engine_support.h"

namespace sekisho::rules::testing {
namespace {

using engine::Answer;
using engine::End;
using Strings = std::vector<std::string>;

const std::string kUserRate = R"(
  limit user_rate { count recipients for each auth.user allow 200 per 1h, up to 2 at once }
)";

TEST(RulesLimit, CountsOnceForARecipientHoweverManyRulesAsk) {
  Engine engine(kUserRate + R"(
    rule a "a" { at rcpt when user_rate exceeded then defer "wait {user_rate.wait}" }
    rule b "b" { at rcpt when user_rate.count > 100 then tag "many" }
  )");
  engine.facts.set("auth.user", "Alice");
  EXPECT_EQ(engine.says(Stage::rcpt), "none");
  EXPECT_EQ(engine.limits.asked, Strings{"charge user_rate alice"});
  EXPECT_EQ(engine.says(Stage::rcpt), "none");
  const auto decision = engine.at(Stage::rcpt);
  EXPECT_EQ(decision.end, End::defer);
  EXPECT_EQ(decision.text, "wait 1m30s");
}

TEST(RulesLimit, CountsByItselfUnlessTheRecipientIsRefusedBefore) {
  Engine engine(kUserRate + R"(
    rule no "n" { at rcpt when rcpt.domain is bad.example then reject "no" }
    rule a "a" { at rcpt when tls and user_rate exceeded then defer "wait" }
  )");
  engine.facts.set("auth.user", "alice");
  engine.facts.set("rcpt.domain", "bad.example");
  engine.at(Stage::rcpt);
  EXPECT_TRUE(engine.limits.asked.empty());
  engine.facts.set("rcpt.domain", "good.example");
  engine.at(Stage::rcpt);
  EXPECT_EQ(engine.limits.counts["user_rate alice"], 1U);
}

TEST(RulesLimit, IsOnlyReadAtAnotherStage) {
  Engine engine(kUserRate + R"(
    rule a "a" { at mail when user_rate exceeded then defer "wait" }
  )");
  engine.facts.set("auth.user", "alice");
  engine.limits.counts["user_rate alice"] = 2;
  EXPECT_EQ(engine.at(Stage::mail).end, End::defer);
  EXPECT_EQ(engine.limits.asked, Strings{"read user_rate alice"});
}

TEST(RulesLimit, WithoutItsKeyOrItsConditionItSaysNothing) {
  Engine engine(R"(
    limit guests { count recipients for each client.network only when not authenticated
                   allow 1 per 1m }
    rule a "a" { at rcpt when guests exceeded or guests.count >= 0 then defer "wait" }
  )");
  EXPECT_EQ(engine.says(Stage::rcpt), "none");
  engine.facts.set("client.network", "192.0.2.1/32");
  engine.facts.yes("authenticated");
  EXPECT_EQ(engine.says(Stage::rcpt), "none");
  EXPECT_TRUE(engine.limits.asked.empty());
  engine.facts.clear("authenticated");
  EXPECT_EQ(engine.says(Stage::rcpt), "defer by a");
}

TEST(RulesLimit, ThatCannotBeAskedFailsTheRule) {
  Engine engine(kUserRate + R"(
    rule a "a" { at rcpt when user_rate exceeded then reject "wait" }
  )");
  engine.facts.set("auth.user", "alice");
  engine.limits.broken = true;
  const auto decision = engine.at(Stage::rcpt);
  EXPECT_EQ(decision.end, End::defer);
  EXPECT_TRUE(decision.by_failure);
}

TEST(RulesLimit, AShareIsComparedAndBelowItsLeastNumberSaysNothing) {
  Engine engine(R"(
    limit refusals { share of recipients refused for each auth.user over 10m, at least 20 }
    rule stolen "s" { at outcome when refusals > 50%
      then suspend auth.user for 1h
      and notify "p@example.com" "{auth.user}: {refusals.percent} of {refusals.total}" }
  )");
  engine.facts.set("auth.user", "mallory");
  EXPECT_TRUE(engine.at(Stage::outcome).hits.empty());
  engine.limits.shares["refusals"] = 50.6;
  const auto decision = engine.at(Stage::outcome);
  ASSERT_EQ(decision.effects.size(), 2U);
  EXPECT_EQ(decision.effects[0].values, Strings{"mallory"});
  EXPECT_EQ(decision.effects[0].action->time, std::chrono::hours(1));
  EXPECT_EQ(decision.effects[1].text, "mallory: 51% of 81");
  EXPECT_EQ(engine.program->limit_key(0, Stage::outcome, engine.facts, engine.lists, engine.state),
            "mallory");
}

TEST(RulesLimit, SeveralKeysAreOneKeyThatCannotBeMistaken) {
  Engine engine(R"(
    limit pairs { count recipients for each auth.user, rcpt.domain allow 1 per 1h }
    rule a "a" { at rcpt when pairs exceeded then defer "wait" }
  )");
  engine.facts.set("auth.user", "a");
  engine.facts.set("rcpt.domain", "b.example");
  engine.at(Stage::rcpt);
  EXPECT_EQ(engine.limits.asked, Strings{"charge pairs 1:a,9:b.example,"});
}

TEST(RulesLimit, BytesAreThoseOfTheMessage) {
  Engine engine(R"(
    limit volume { count bytes for each auth.user allow 10KB per 1h }
    rule a "a" { at message when volume exceeded then defer "wait" }
  )");
  engine.facts.set("auth.user", "a");
  engine.facts.set("message.size", "9KB");
  EXPECT_EQ(engine.says(Stage::message), "none");
  EXPECT_EQ(engine.says(Stage::message), "defer by a");
}

TEST(RulesText, NoControlCharacterComesThrough) {
  Engine engine(R"(
    rule r "r" { at message then add header "X-S" "a\nb {subject}" and reject "Not {subject}" }
  )");
  engine.facts.set("subject", "x\r\nBcc: y\x01\x7f\xff\xe2\x80\xae");
  const auto decision = engine.at(Stage::message);
  EXPECT_EQ(decision.text, "Not x? Bcc: y????");
  EXPECT_EQ(decision.effects[0].text, "a b x? Bcc: y????");
}

TEST(RulesText, LongValuesAreCut) {
  Engine engine(R"(rule r "r" { at message then reject "{subject}{subject}" })");
  engine.facts.set("subject", std::string(5000, 'a'));
  EXPECT_EQ(engine.at(Stage::message).text,
            std::string(256, 'a') + "…" + std::string(256, 'a') + "…");
}

TEST(RulesText, AnAbsentValueIsNothingAndBracesStay) {
  Engine engine(R"(rule r "r" { at message then reject "<{mail.from}> {{x}}" })");
  EXPECT_EQ(engine.at(Stage::message).text, "<> {x}");
}

TEST(RulesText, ThePartNamedIsTheOneThatMatched) {
  Engine engine(R"(
    list programs = extensions { exe }
    rule r "r" { at message when any part where (part.extension in programs)
                 then reject "{part.name}, {part.size}" }
  )");
  engine.facts.item("part", {{"part.name", {"a.txt"}}, {"part.extension", {"txt"}}});
  engine.facts.item("part", {{"part.name", {"b.pdf", "b.EXE"}},
                             {"part.extension", {"pdf", "exe"}},
                             {"part.size", {"12345B"}}});
  EXPECT_EQ(engine.at(Stage::message).text, "b.EXE, 12.3KB");
}

TEST(RulesText, CardNumbersAreNeverShownWhole) {
  Engine engine(R"(rule r "r" { at message then log "{text.card_numbers}" })");
  engine.facts.set_all("text.card_numbers", {"4111 1111 1111 1111", "5500000000000004"});
  EXPECT_EQ(engine.at(Stage::message).effects[0].text, "**** **** **** 1111, ************0004");
}

TEST(RulesText, PatternsTellWhichMatched) {
  Engine engine(R"(
    patterns words in subject { urgent 1.5 /urgent/i gift 2 /gift/i other /other/ }
    score fraud
    rule a "a" { at message when any of words match then add words.score to fraud }
    rule b "b" { at message when fraud >= 3 then quarantine "{words.matched}: {fraud}" }
  )");
  engine.facts.set("subject", "Urgent gift");
  const auto decision = engine.at(Stage::message);
  EXPECT_EQ(decision.end, End::quarantine);
  EXPECT_EQ(decision.text, "urgent, gift: 3.5");
}

TEST(RulesText, TheKeyIsThatOfTheMap) {
  Engine engine(R"(
    map keys = domain -> keys { example.com: "s1:/etc/k.pem" }
    rule s "s" { at message when header.from.domain in keys
                 then sign dkim with keys[header.from.domain] }
  )");
  engine.facts.set("header.from.domain", "example.com");
  EXPECT_EQ(engine.at(Stage::message).effects[0].values, Strings{"s1:/etc/k.pem"});
}

TEST(RulesTrace, TellsEachRuleThatWasReachedAndEachClauseThatWasAsked) {
  Engine engine(R"(
    define guest = not authenticated and tls
    rule off "o" { off at mail then reject "no" }
    rule one "1" { at mail when guest and mail.from.domain is a.example then reject "no" }
    rule two "2" { at mail when guest and (mail.from.domain is b.example or helo is x.example)
                   then reject "no" }
    rule three "3" { at mail then reject "no" }
  )");
  engine.facts.yes("tls");
  engine.facts.set("mail.from.domain", "b.example");
  engine::Trace trace;
  const auto decision = engine.at(Stage::mail, &trace);
  EXPECT_EQ(engine.name(*decision.rule), "two");
  ASSERT_EQ(trace.rules.size(), 3U);
  EXPECT_EQ(trace.rules[0].outcome, engine::RuleTrace::Outcome::off);
  EXPECT_EQ(trace.rules[1].outcome, engine::RuleTrace::Outcome::not_true);
  ASSERT_EQ(trace.rules[1].clauses.size(), 4U);
  EXPECT_EQ(trace.rules[1].clauses[3].truth, Answer::no);
  EXPECT_EQ(trace.rules[1].clauses[3].values, Strings{"b.example"});
  ASSERT_EQ(trace.rules[2].clauses.size(), 2U);
  EXPECT_TRUE(trace.rules[2].clauses[0].known);
  EXPECT_EQ(trace.rules[2].clauses[1].truth, Answer::yes);
  EXPECT_EQ(trace.rules[2].outcome, engine::RuleTrace::Outcome::acted);
}

TEST(RulesTrace, DecidesTheSame) {
  Engine engine(R"(
    rule a "a" { at rcpt when listener is mx then tag "mx" }
    rule b "b" { at rcpt when listener is other then reject "no" }
    rule c "c" { at rcpt then tag "c" }
  )");
  engine.facts.set("listener", "mx");
  engine::Trace trace;
  const auto traced = engine.at(Stage::rcpt, &trace);
  const auto plain = engine.at(Stage::rcpt);
  EXPECT_EQ(traced.hits, plain.hits);
  EXPECT_EQ(traced.end, plain.end);
}

}  // namespace
}  // namespace sekisho::rules::testing
