// Explaining: one rule in words, one message through all stages, two rule sets on the same message.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "rules/lists/lists.h"
#include "rules/testing/clause.h"
#include "rules/testing/describe.h"
#include "rules/testing/fate.h"
#include "rules/testing/found_text.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

struct Set {
  Checked checked;
  Ready ready;
};

std::unique_ptr<Set> read(const std::string& text) {
  auto out = std::make_unique<Set>();
  MemoryFiles files;
  files.files["main.rules"] = text;
  check_all(files, {"main.rules"}, out->checked);
  EXPECT_FALSE(out->checked.diagnostics.has_errors()) << out->checked.said();
  out->ready = Ready::make(std::make_shared<RuleSet>(out->checked.set),
                           lists::load_lists(out->checked.set, files).lists);
  return out;
}

Circumstances from_outside() {
  Circumstances who;
  who.client = *IpAddress::parse("198.51.100.1");
  who.sender = "a@elsewhere.example";
  who.recipients = {"b@example.com"};
  return who;
}

Played played(const Set& set, const Circumstances& who, std::string_view message) {
  auto matchers = set.ready.matchers();
  EXPECT_TRUE(matchers.has_value());
  return play(set.ready, *matchers, who, message, true);
}

std::string clauses(const Set& set, const Played& of, std::string_view rule) {
  std::string out;
  for (const auto& run : of.runs) {
    for (const auto& trace : run.trace.rules) {
      if (set.checked.set.rules[trace.rule].name != rule) continue;
      for (const auto& clause : deciding(trace, set.checked.sources))
        out += to_string(clause) + "\n";
    }
  }
  return out;
}

TEST(ADescription, SaysWhatARuleIsAndNeeds) {
  const auto set = read(R"(list interns = users { ivan, ines }
define intern = auth.user in interns
rule first { at rcpt when rcpt.count > 100 then reject 550 5.7.1 "many" }
rule second "Interns stay" {
  shadow until 2027-01-31 then enforce
  at rcpt
  when intern and (rcpt.domain is a.example or rcpt.domain is b.example)
  then reject 550 5.7.1 "Not {rcpt}." and log "{client.ip}"
}
test "t" { mail from <a@example.com> rcpt to <b@c.example> expect reject by second }
)");
  const auto rule = find_rule(set->checked.set, "second");
  ASSERT_TRUE(rule.has_value());
  EXPECT_EQ(render(describe(set->checked.set, *rule, set->checked.sources, kToday)),
            R"(second: Interns stay
  stands    main.rules:4
  is        on trial until 2027-01-31, then in force
  asked     at rcpt, as number 2 of 2 there
  unless    one of these ended the stage before: first
  when      intern
            and (rcpt.domain is a.example or rcpt.domain is b.example)
  then      reject 550 5.7.1 "Not {rcpt}."
            log "{client.ip}"
  needs     intern is auth.user in interns
            auth.user: a user, known from auth on; who logged in
            list interns: users, 2 written in it
            rcpt.domain: a domain, known from rcpt on
            rcpt: an address, known from rcpt on; a recipient
            client.ip: an IP address, known from connect on; the client's address
  on_error  defer: the client is asked to try again
  tests     t
)");
  EXPECT_FALSE(find_rule(set->checked.set, "third"));
}

TEST(AMessage, IsPlayedThroughAllStagesWithThePartThatDecided) {
  const auto set = read(R"(
rule names { at message when any part where (part.extension is exe) then reject 550 5.7.1 "no" }
rule words { at message when text matches /\bsecret\s+\d+/i then quarantine "secret" }
)");
  const auto first =
      played(*set, from_outside(), "Subject: x\r\nContent-Type: a/b; name=\"x.exe\"\r\n\r\nx\r\n");
  EXPECT_EQ(fate(first, set->checked.set), "reject 550 by names");
  EXPECT_EQ(clauses(*set, first, "names"), "part.extension is exe is true (it is \"exe\")\n");
  const auto second =
      played(*set, from_outside(), "Subject: x\r\n\r\nA SECRET  4111111111111111\r\n");
  EXPECT_EQ(second.verdict.by, "words");
  EXPECT_EQ(clauses(*set, second, "words"),
            "text matches /\\bsecret\\s+\\d+/i is true (found \"SECRET ************1111\")\n");
}

TEST(AMessage, TellsWhichPatternsFoundWhat) {
  const auto set = read(R"(
patterns words in text { urgent /\burgent(?:ly)?\b/i  wire 2 /\bwire\s+transfer\b/i  none /zzz/ }
rule many { at message when at least 2 of words match then quarantine "{words.matched}" }
)");
  const auto of = played(*set, from_outside(), "Subject: x\r\n\r\nUrgently a wire transfer\r\n");
  EXPECT_EQ(
      clauses(*set, of, "many"),
      "at least 2 of words match is true (found urgent \"Urgently\", wire \"wire transfer\")\n");
}

TEST(AMessage, IsRefusedForThoseRecipientsOnlyThatRulesRefuse) {
  const auto set =
      read(R"(rule no { at rcpt when rcpt.domain is x.example then reject 550 5.7.1 "no" })");
  auto who = from_outside();
  who.recipients = {"a@x.example", "b@y.example"};
  const auto one = played(*set, who, "Subject: x\r\n\r\n");
  EXPECT_TRUE(one.verdict.accepts());
  ASSERT_EQ(one.refused.size(), 1U);
  EXPECT_EQ(one.refused[0].first, "a@x.example");
  who.recipients.pop_back();
  EXPECT_EQ(played(*set, who, "Subject: x\r\n\r\n").at, "rcpt");
}

TEST(AChange, NamesTheRuleAndTheFirstPartThatDiffers) {
  const auto before =
      read(R"(rule big { at message when message.size > 10KB then reject 550 5.7.1 "no" })");
  const auto after =
      read(R"(rule big { at message when message.size > 10B then reject 550 5.7.1 "no" })");
  const std::string_view message = "Subject: hello\r\n\r\n";
  const auto found =
      change(played(*before, from_outside(), message), before->checked.set, before->checked.sources,
             played(*after, from_outside(), message), after->checked.set, after->checked.sources);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->rule, "big");
  EXPECT_EQ(found->before, "accept");
  EXPECT_EQ(found->after, "reject 550 by big");
  EXPECT_EQ(found->clause.find("big: message.size > 10B is true (it is "), 0U) << found->clause;
  EXPECT_NE(found->clause.find("before, message.size > 10KB is false"), std::string::npos);
  EXPECT_FALSE(change(played(*before, from_outside(), message), before->checked.set,
                      before->checked.sources, played(*before, from_outside(), message),
                      before->checked.set, before->checked.sources));
}

TEST(AChange, OfEffectsAloneIsOneToo) {
  const auto before = read(R"(rule t { off at message then tag "x" })");
  const auto after = read(R"(rule t { at message then tag "x" })");
  const std::string_view message = "Subject: hello\r\n\r\n";
  const auto found =
      change(played(*before, from_outside(), message), before->checked.set, before->checked.sources,
             played(*after, from_outside(), message), after->checked.set, after->checked.sources);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->after, "accept; tag \"x\" by t");
  EXPECT_EQ(found->rule, "t");
}

TEST(NumbersOfCards, AreMaskedInWhatIsShown) {
  EXPECT_EQ(with_numbers_masked("pay 4111 1111-1111 1111 now"), "pay **** ****-**** 1111 now");
  EXPECT_EQ(with_numbers_masked("in 2026 at 10:30"), "in 2026 at 10:30");
}

}  // namespace
}  // namespace sekisho::rules::testing
