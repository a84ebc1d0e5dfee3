// The tests beside rules, run: what passes, what fails, and what a failure says.
#include "rules/testing/test_run.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "rules/lists/lists.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

struct Ran {
  Checked checked;
  TestRun run;
  std::string said;
  std::unique_ptr<Coverage> coverage;
};

void run_checked(Files& files, Ran& into) {
  ASSERT_FALSE(into.checked.diagnostics.has_errors()) << into.checked.said();
  auto loaded = lists::load_lists(into.checked.set, files);
  ASSERT_TRUE(loaded.broken.empty());
  into.coverage = std::make_unique<Coverage>(into.checked.set);
  into.run =
      run_tests(into.checked.set, loaded.lists, into.checked.sources, files, into.coverage.get());
  for (const auto& result : into.run.results) into.said += render(result, into.checked.sources);
}

std::unique_ptr<Ran> run_text(const std::string& text) {
  auto out = std::make_unique<Ran>();
  MemoryFiles files;
  files.files["main.rules"] = text;
  check_all(files, {"main.rules"}, out->checked);
  run_checked(files, *out);
  return out;
}

std::string said(const std::string& text) { return run_text(text)->said; }

TEST(TheTestsOfTheTenPolicies, Pass) {
  Ran ran;
  DiskFiles files;
  const std::string folder = std::string(SEKISHO_SOURCE_DIR) + "/contrib/examples/rules/";
  ran.checked.loaded =
      load({folder + "ten-policies.rules"}, files, ran.checked.sources, ran.checked.diagnostics);
  const CheckContext context{.today = kToday, .files = &files, .listeners = {}, .upstreams = {}};
  ran.checked.set =
      check(ran.checked.loaded, ran.checked.sources, context, ran.checked.diagnostics);
  run_checked(files, ran);
  EXPECT_EQ(ran.said, "");
  EXPECT_EQ(ran.run.results.size(), 6U);
}

TEST(TheTestsOfTheDocuments, PassAndFailAsThePageShows) {
  const auto examples = examples_in(read_source("docs/rules.md"));
  const auto ran = run_text(examples);
  EXPECT_EQ(ran->said, "");
  EXPECT_EQ(ran->run.results.size(), 1U);

  std::string wrong = examples;
  const std::string_view right = "expect reject 550 by interns-stay-inside";
  wrong.replace(wrong.find(right), right.size(), "expect accept");
  const auto text = said(wrong);
  const auto shown = read_source("docs/rules.md");
  // All lines but the first, which names a line of another file.
  EXPECT_NE(shown.find(text.substr(text.find('\n') + 1)), std::string::npos) << text;
}

constexpr auto* kInterns = R"(
list our_domains = domains { example.com }
list interns     = users   { ivan }
rule interns-stay-inside {
  at rcpt
  when auth.user in interns and rcpt.domain not in our_domains
  then reject 550 5.7.1 "Colleagues only, not {rcpt}."
}
)";

TEST(ATest, ThatExpectsWhatComesPasses) {
  EXPECT_EQ(said(std::string(kInterns) + R"(test "t" {
    login IVAN
    mail from <ivan@example.com>        expect accept
    rcpt to <ines@example.com>          expect accept
    rcpt to <x@elsewhere.example>       expect reject 550 by interns-stay-inside
    login erika
    mail from <erika@example.com>
    rcpt to <x@elsewhere.example>       expect accept
  })"),
            "");
}

TEST(ATest, ThatExpectsSomethingElseSaysWhatCameAndByWhichPart) {
  EXPECT_EQ(said(std::string(kInterns) + R"(test "everywhere" {
  login ivan
  rcpt to <ines@example.com>
  mail from <ivan@example.com>
  rcpt to <x@elsewhere.example> expect accept
})"),
            R"(main.rules:13: test "everywhere" fails
  at:       rcpt to <x@elsewhere.example>
  expected: accept
  came:     reject 550 by interns-stay-inside: Colleagues only, not x@elsewhere.example.
  interns-stay-inside was asked at rcpt: acted, since auth.user in interns is true (it is "ivan") and rcpt.domain not in our_domains is true (it is "elsewhere.example")
)");
}

TEST(ATest, ThatWaitsForARuleSaysWhyTheRuleWasNotTrue) {
  const auto text = said(std::string(kInterns) + R"(test "t" {
  login erika
  mail from <erika@example.com>
  rcpt to <x@elsewhere.example> expect reject by interns-stay-inside
})");
  EXPECT_NE(text.find("came:     accept\n  interns-stay-inside was asked at rcpt: not true, since "
                      "auth.user in interns is false (it is \"erika\")"),
            std::string::npos)
      << text;
}

TEST(ATest, HasTheRelayGateBeforeTheRulesOfRecipients) {
  EXPECT_EQ(said(std::string(kInterns) + R"(test "t" {
    client 203.0.113.9
    mail from <a@spam.example>
    rcpt to <v@elsewhere.example>  expect reject 550 by relay-gate
    rcpt to <info@example.com>     expect accept
    given our_domains { elsewhere.example }
    rcpt to <v@elsewhere.example>  expect accept
    rcpt to <info@example.com>     expect reject by relay-gate
  })"),
            "");
}

TEST(ATest, ThatKnowsNoDomainsOfOursSaysSoOfTheRelayGate) {
  const auto text = said(R"(test "t" {
    mail from <a@spam.example>
    rcpt to <v@elsewhere.example>  expect reject by relay-gate
  })");
  EXPECT_NE(text.find("there is no list our_domains of domains"), std::string::npos) << text;
}

TEST(ATest, HasAClockOfItsOwn) {
  EXPECT_EQ(said(R"(
limit per_user { count recipients for each auth.user allow 60 per 1h, up to 2 at once }
rule slow { at rcpt when per_user exceeded then defer 450 4.7.1 "Wait {per_user.wait}." }
test "t" {
  login alice
  mail from <a@example.com>
  rcpt to <x@example.com> 2 times  expect accept
  rcpt to <x@example.com>          expect defer 450 by slow
  wait 1m
  rcpt to <x@example.com>          expect accept
  rcpt to <x@example.com>          expect defer by slow
  login bob
  mail from <b@example.com>
  rcpt to <x@example.com>          expect accept
}
test "another" {
  login alice
  mail from <a@example.com>
  rcpt to <x@example.com> 2 times  expect accept
})"),
            "");
}

TEST(ATest, NamesTheOneOfManyThatDiffers) {
  const auto text = said(R"(
limit per_user { count recipients for each auth.user allow 60 per 1h, up to 2 at once }
rule slow { at rcpt when per_user exceeded then defer 450 4.7.1 "Wait." }
test "t" {
  login alice
  mail from <a@example.com>
  rcpt to <x@example.com> 5 times  expect accept
})");
  EXPECT_NE(text.find("at:       rcpt to <x@example.com> 5 times, number 3 of 5"),
            std::string::npos)
      << text;
}

TEST(ATest, HasSharesSuspensionsAndTheUpstreamsAnswers) {
  EXPECT_EQ(said(R"(
limit refusals { share of recipients refused for each auth.user over 10m, at least 4 }
rule stolen { at outcome when refusals > 50% then suspend auth.user for 1h }
test "half" {
  login mallory
  mail from <m@example.com>
  rcpt to <a@example.com> 2 times  upstream 250
  rcpt to <b@example.com> 3 times  upstream 550
  expect suspended mallory by stolen
}
test "what the upstream refuses is refused" {
  mail from <m@example.com>
  rcpt to <b@example.com> upstream 550  expect reject 550
  rcpt to <b@example.com> upstream 450  expect defer 450
})"),
            "");
  EXPECT_EQ(said(R"(
limit refusals { share of recipients refused for each auth.user over 10m, at least 2 }
rule stolen { at outcome when refusals > 50% then suspend auth.user for 1h }
rule many   { at outcome when refused >= 2 then suspend auth.user for 1h }
test "a message that is refused is so for all its recipients" {
  login mallory
  mail from <m@example.com>
  rcpt to <a@example.com> 2 times
  message text "Subject: x\n\n"  upstream 550  expect suspended mallory by stolen
}
test "the outcome has the numbers" {
  login mallory
  mail from <m@example.com>
  rcpt to <a@example.com> 2 times
  message text "Subject: x\n\n"  upstream 550  expect suspended mallory by many
}
)"),
            "");
  const auto text = said(R"(
limit refusals { share of recipients refused for each auth.user over 10m, at least 4 }
rule stolen { at outcome when refusals > 50% then suspend auth.user for 1h }
test "few" {
  login mallory
  mail from <m@example.com>
  rcpt to <b@example.com> 3 times  upstream 550
  expect suspended mallory
})");
  EXPECT_NE(text.find("came:     nobody suspended"), std::string::npos) << text;
}

TEST(ATest, HasTagsScoresAndGivenValues) {
  EXPECT_EQ(said(R"(
score bad
rule doubt { at mail when spf is softfail then tag "doubt" and add 2 to bad }
rule late  { at mail when time >= 18:00 then tag "late" }
rule much  { at message when bad >= 2 then quarantine "{tags}" }
test "t" {
  given spf softfail
  mail from <a@example.com>    expect tagged "doubt" by doubt
  rcpt to <b@example.com>
  message text "Subject: x\n\nx" expect quarantine by much
  given spf pass
  given time 19:00
  mail from <a@example.com>    expect tagged "late"
  rcpt to <b@example.com>
  message text "Subject: x\n\nx" expect accept
})"),
            "");
}

TEST(ATest, HasWhatWasRefusedEarlierStayRefused) {
  EXPECT_EQ(said(R"(
list bad = networks { 192.0.2.0/24 }
rule no-net  { at connect when client.ip in bad then reject 554 5.7.1 "no" }
rule no-helo { at helo when helo is absent then reject 550 5.7.1 "no" }
rule no-from { at mail when mail.from is absent then reject 550 5.7.1 "no" }
test "t" {
  client 192.0.2.1              expect reject 554 by no-net
  mail from <a@example.com>     expect reject by no-net
  client 198.51.100.9
  helo "[198.51.100.9]"         expect reject by no-helo
  mail from <a@example.com>     expect reject by no-helo
  helo a.example                expect accept
  mail from <>                  expect reject by no-from
  rcpt to <a@example.com>       expect reject by no-from
  mail from <a@example.com>     expect accept
})"),
            "");
}

TEST(ATest, GoesOnBehindAStepThatExpectsNothingButSaysSoWhereItFails) {
  const auto text = said(R"(
rule nobody { at mail when mail.from is absent then reject 550 5.7.1 "no" }
test "good" {
  mail from <>
  rcpt to <a@example.com>  expect accept
}
test "bad" {
  mail from <>
  rcpt to <a@example.com>  expect defer
})");
  EXPECT_EQ(text.find("good"), std::string::npos) << text;
  EXPECT_NE(text.find("line 8, which expects nothing, went on although it came to reject 550 by "
                      "nobody"),
            std::string::npos)
      << text;
}

TEST(ATest, HasRulesOnTrialActAndOthersOff) {
  EXPECT_EQ(said(R"(
rule later { shadow until 2099-01-01 then enforce at mail when spf is fail then reject 550 5.7.1 "no" }
rule never { off at mail then reject 550 5.7.1 "no" }
test "t" {
  mail from <a@example.com>  expect accept
  given spf fail
  mail from <a@example.com>  expect reject by later
})"),
            "");
}

TEST(ATest, OfAMessageLooksIntoIt) {
  EXPECT_EQ(said(R"(
list our_domains = domains { example.com }
rule cards { at message when count of text.card_numbers >= 1 then reject 554 5.7.1 "no" }
rule words { at message when text matches /\bsecret\b/i then quarantine "secret" }
rule names { at message when any part where (part.extension is exe) then discard }
test "t" {
  mail from <a@elsewhere.example>
  rcpt to <b@example.com>
  message text "Subject: x\n\n4111 1111 1111 1111\n"  expect reject 554 by cards
  message text "Subject: x\n\nA SECRET.\n"            expect quarantine by words
  message text "Subject: x\nContent-Type: a/b; name=\"x.exe\"\n\nx\n" expect discard by names
  message text "Subject: x\n\nnothing\n"              expect accept
})"),
            "");
}

TEST(Coverage, NamesWhatNoTestReached) {
  const auto ran = run_text(std::string(kInterns) + R"(
rule other { at mail when spf is fail then reject 550 5.7.1 "no" }
rule last  { at message when subject contains "x" then discard }
test "t" {
  login ivan
  mail from <i@example.com>
  rcpt to <x@elsewhere.example>  expect reject
})");
  EXPECT_EQ(ran->coverage->rules(), 3U);
  EXPECT_EQ(ran->coverage->covered(), 1U);
  std::string all;
  for (const auto& gap : ran->coverage->gaps()) {
    all += render(gap, ran->checked.set, ran->checked.sources) + "\n";
  }
  EXPECT_EQ(all,
            R"(main.rules:6:8: interns-stay-inside: in no test this is false: auth.user in interns
main.rules:6:33: interns-stay-inside: in no test this is false: rcpt.domain not in our_domains
main.rules:10:6: no test has the rule other act
main.rules:10:27: other: in no test this is true: spf is fail
main.rules:11:6: no test reaches the rule last
)");
}

}  // namespace
}  // namespace sekisho::rules::testing
