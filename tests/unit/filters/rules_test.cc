#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/rules/filter.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::filters::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Recorded final : Errands {
  void notify(Notice notice) override { notices.push_back(std::move(notice)); }
  void suspend(Suspension suspension) override { suspensions.push_back(std::move(suspension)); }
  std::vector<Notice> notices;
  std::vector<Suspension> suspensions;
};

class NamedSettings final : public TestSettings {
 public:
  using TestSettings::TestSettings;
  [[nodiscard]] std::string_view table_name() const override { return "rules"; }
};

class RulesTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<const Filter>> make(std::string_view rules,
                                             const Filter* previous = nullptr) {
    const auto blueprint = make_rules();
    NamedSettings settings({{"file", folder_.write("it.rules", rules)}});
    blueprint->visit(settings);
    blueprint->stand_in({.listeners = {"mx", "submission"}, .upstreams = {"main", "spare"}});
    return blueprint->build(previous);
  }
  std::unique_ptr<ChainRun> open(std::string_view rules, LinkSettings settings = {}) {
    auto filter = make(rules);
    if (!filter) throw std::runtime_error(filter.error().text);
    filter_ = *filter;
    return open(filter_, settings);
  }
  std::unique_ptr<ChainRun> open(std::shared_ptr<const Filter> filter, LinkSettings settings = {}) {
    SessionContext context = bench_.context();
    context.errands = &errands_;
    std::vector<Link> links;
    links.push_back({.name = "rules", .filter = std::move(filter), .settings = settings});
    bench_.envelope.client = &bench_.peer;
    return std::make_unique<ChainRun>(std::make_shared<const Chain>(std::move(links)), context);
  }
  ChainRun::Outcome rcpt(ChainRun& run, const std::string& address, bool taken = true) {
    const smtp::Mailbox mailbox = *smtp::parse_mailbox(address);
    bench_.recipient = &mailbox;
    auto outcome = bench_.run(run, Stage::rcpt);
    bench_.recipient = nullptr;
    if (taken && !outcome.verdict.refuses()) bench_.envelope.recipients.push_back(mailbox);
    return outcome;
  }
  static std::string reply(const ChainRun::Outcome& outcome) {
    return outcome.verdict.refuses() ? outcome.verdict.reply().summary() : "passed";
  }

  test::TempDir folder_;
  Bench bench_;
  Recorded errands_;
  std::shared_ptr<const Filter> filter_;
};

TEST_F(RulesTest, TheFirstRuleThatEndsTheStageAnswersTheClient) {
  auto run = open(R"(
    list interns = users { ivan }
    rule inside "Interns write to colleagues only" {
      at rcpt
      when auth.user in interns and rcpt.domain is not "example.com"
      then reject 550 5.7.1 "Not to {rcpt}."
    }
    rule never "Not reached" { at rcpt then defer 450 4.7.1 "later" }
  )");
  bench_.peer.user = "ivan";
  bench_.run(*run, Stage::mail);
  const auto outcome = rcpt(*run, "friend@elsewhere.example");
  EXPECT_EQ(reply(outcome), "550 5.7.1 Not to friend@elsewhere.example.");
  EXPECT_EQ(outcome.verdict.why(), "rule inside");
  EXPECT_EQ(
      bench_.counted("rules_total", {{"filter", "rules"}, {"rule", "inside"}, {"what", "hit"}}), 1);
}

TEST_F(RulesTest, HostileBytesOfAnAddressDoNotReachTheReply) {
  auto run = open(R"(rule all "All" { at helo then reject 550 5.7.1 "You said {helo}." })");
  bench_.peer.helo = "evil\r\n250 ok";
  EXPECT_EQ(bench_.run(*run, Stage::helo).verdict.reply().wire().find("\r\n250"),
            std::string::npos);
}

TEST_F(RulesTest, ARuleOnTrialIsLoggedAndCountedAndDoesNothing) {
  auto run = open(R"(
    rule new "On trial" { shadow until 2099-12-31 at mail then reject 550 5.7.1 "no" and notify "a@example.com" "x" }
  )");
  EXPECT_EQ(reply(bench_.run(*run, Stage::mail)), "passed");
  EXPECT_THAT(bench_.log->kept(), Contains(HasSubstr("would_reject")));
  EXPECT_THAT(errands_.notices, IsEmpty());
  EXPECT_EQ(
      bench_.counted("rules_total", {{"filter", "rules"}, {"rule", "new"}, {"what", "shadow"}}), 1);
}

TEST_F(RulesTest, SpfIsWhatAFilterBeforeFoundOut) {
  auto run = open(R"(
    rule spf-fail "Forged" { at mail when spf is fail then reject 550 5.7.23 "SPF" }
  )");
  EXPECT_THAT(filter_->judges_by(), ElementsAre("spf"));
  EXPECT_EQ(reply(bench_.run(*run, Stage::mail)), "passed");
  bench_.authentication.spf.push_back(
      {.result = mail::AuthResult::fail, .domain = {}, .address = {}, .reason = {}});
  EXPECT_EQ(reply(bench_.run(*run, Stage::mail)), "550 5.7.23 SPF");
}

TEST_F(RulesTest, RouteAndDelayAreWishes) {
  auto run = open(R"(
    rule slow "Slowly" { at rcpt then delay 5s and route to spare }
  )");
  bench_.run(*run, Stage::mail);
  const auto outcome = rcpt(*run, "bob@example.com");
  EXPECT_EQ(outcome.delay, std::chrono::seconds(5));
  EXPECT_EQ(bench_.wishes.route, "spare");
}

TEST_F(RulesTest, ALimitChargesWhatWasTakenAndGivesBackWhatWasRefused) {
  auto run = open(R"(
    limit two { count recipients for each client.ip allow 2 per 1h }
    rule rate "Two an hour" { at rcpt when two exceeded then defer 450 4.7.1 "slow" }
  )");
  bench_.run(*run, Stage::mail);
  EXPECT_EQ(reply(rcpt(*run, "nobody@example.com", false)), "passed");
  EXPECT_EQ(reply(rcpt(*run, "a@example.com")), "passed");
  EXPECT_EQ(reply(rcpt(*run, "b@example.com")), "passed");
  EXPECT_EQ(reply(rcpt(*run, "c@example.com")), "450 4.7.1 slow");
}

TEST_F(RulesTest, WhatWasCountedOutlivesAReload) {
  constexpr std::string_view kRules = R"(
    limit one { count recipients for each client.ip allow 1 per 1h }
    rule rate "One an hour" { at rcpt when one exceeded then defer 450 4.7.1 "slow" }
  )";
  auto run = open(kRules);
  bench_.run(*run, Stage::mail);
  EXPECT_EQ(reply(rcpt(*run, "a@example.com")), "passed");
  run->ended(bench_.envelope, {.accepted = true});
  bench_.envelope.recipients.clear();
  const auto before = filter_;
  auto next = make(kRules, before.get());
  ASSERT_TRUE(next);
  auto again = open(*next);
  bench_.run(*again, Stage::mail);
  EXPECT_EQ(reply(rcpt(*again, "b@example.com")), "450 4.7.1 slow");
}

TEST_F(RulesTest, TheOutcomeSuspendsAUserHalfOfWhoseRecipientsWereRefused) {
  auto run = open(R"(
    limit refusals { share of recipients refused for each auth.user over 10m, at least 2 }
    rule stolen "Probably a stolen password" {
      at outcome
      when refusals >= 50%
      then suspend auth.user for 1h and notify "postmaster@example.com" "{auth.user}: {refusals.percent}"
    }
  )");
  EXPECT_TRUE(filter_->wants_answers());
  bench_.peer.user = "mallory";
  bench_.run(*run, Stage::mail);
  Ending ending;
  ending.answers.push_back(
      {*smtp::parse_mailbox("a@example.net"), smtp::Reply::of(250, "2.1.5", "ok"), "main"});
  ending.answers.push_back(
      {*smtp::parse_mailbox("b@example.net"), smtp::Reply::of(550, "5.1.1", "no"), "main"});
  run->ended(bench_.envelope, ending);
  ASSERT_EQ(errands_.suspensions.size(), 1U);
  EXPECT_EQ(errands_.suspensions[0].whom, "mallory");
  EXPECT_EQ(errands_.suspensions[0].time, std::chrono::hours(1));
  ASSERT_EQ(errands_.notices.size(), 1U);
  EXPECT_EQ(errands_.notices[0].to, "postmaster@example.com");
  EXPECT_THAT(errands_.notices[0].text, HasSubstr("mallory: 50"));
}

TEST_F(RulesTest, OfAnObservedFilterNobodyIsSuspended) {
  auto run = open(R"(
    rule all "All" { at mail then suspend client.ip for 1h and reject 550 5.7.1 "no" }
  )",
                  {.mode = Mode::observe});
  EXPECT_EQ(reply(bench_.run(*run, Stage::mail)), "passed");
  EXPECT_THAT(errands_.suspensions, IsEmpty());
}

TEST_F(RulesTest, AMistakeIsToldWithItsLineAndACaret) {
  const auto made = make(
      "list ours = domains { example.com }\n"
      "rule r \"R\" { at rcpt when rcpt.domain in our then reject 550 5.7.1 \"x\" }\n");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text, HasSubstr("it.rules:2:"));
  EXPECT_THAT(made.error().text, HasSubstr("no list named \"our\""));
  EXPECT_THAT(made.error().text, HasSubstr("^^^"));
}

TEST_F(RulesTest, ATestBesideTheRulesThatFailsKeepsThemOutOfForce) {
  const std::string rule =
      "rule no-bob \"N\" { at rcpt when rcpt.local is \"bob\" then reject 550 5.7.1 \"x\" }\n";
  const auto made = make(rule +
                         "test \"bob gets mail\" {\n"
                         "  mail from <x@elsewhere.example>\n"
                         "  rcpt to <bob@example.com>  expect accept\n}\n");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text, HasSubstr("1 of the 1 tests beside the rules fails"));
  EXPECT_THAT(made.error().text, HasSubstr("test \"bob gets mail\" fails"));
  EXPECT_TRUE(make(rule + "test \"bob gets none\" {\n"
                          "  mail from <x@elsewhere.example>\n"
                          "  rcpt to <bob@example.com>  expect reject by no-bob\n}\n"));
}

TEST_F(RulesTest, AnUpstreamThatIsNotThereIsAMistake) {
  const auto made = make("rule r \"R\" { at rcpt then route to nowhere }\n");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text, HasSubstr("there is no upstream \"nowhere\""));
}

TEST_F(RulesTest, WhatThisVersionCannotDoIsRefusedAndNotPassedOver) {
  EXPECT_THAT(
      make("rule r \"R\" { at mail then webhook \"https://hooks.example.com/\" }\n").error().text,
      HasSubstr("webhook"));
  EXPECT_THAT(make("rule r \"R\" { at connect when client.country is \"DE\" then disconnect }\n")
                  .error()
                  .text,
              HasSubstr("client.country"));
}

TEST_F(RulesTest, AListFileThatChangesIsReadAgain) {
  const auto list = folder_.write("bad.txt", "spam.example\n");
  auto run = open(R"(
    list bad = domains file "bad.txt"
    rule r "R" { at mail when mail.from.domain in bad then reject 550 5.7.1 "listed" }
  )");
  bench_.envelope.sender = *smtp::parse_mailbox("a@new.example");
  EXPECT_EQ(reply(bench_.run(*run, Stage::mail)), "passed");
  (void)folder_.write("bad.txt", "spam.example\nnew.example\n");
  const auto look = filter_->reload_changed_files();
  ASSERT_TRUE(look);
  EXPECT_THAT(*look, ElementsAre("bad"));
  EXPECT_EQ(reply(bench_.run(*run, Stage::mail)), "550 5.7.1 listed");
}

TEST_F(RulesTest, DiscardIsSaidByTheConfiguration) {
  (void)open("rule r \"R\" { at mail then reject 550 5.7.1 \"no\" }\n");
  EXPECT_FALSE(filter_->may_discard());
  (void)open("rule r \"R\" { at message then discard }\n");
  EXPECT_TRUE(filter_->may_discard());
}

class MessageRulesTest : public RulesTest {
 protected:
  ChainRun::Outcome message(ChainRun& run, std::string_view header, std::string_view body) {
    mail::Message message(bench_.loop, bench_.offload,
                          {.directory = folder_.path(), .memory = 1UL << 20}, {});
    message.mutable_header_section() = header;
    if (!bench_.loop.run_until_done(message.body().append(body)))
      throw std::runtime_error("the spool takes nothing");
    bench_.message = &message;
    auto outcome = bench_.run(run, Stage::end);
    bench_.message = nullptr;
    return outcome;
  }
};

TEST_F(MessageRulesTest, AskWhatTheWorkerFound) {
  auto run = open(R"(
    list ours = domains { example.com }
    rule forged "Our boss" {
      at message
      when subject contains "invoice" and any address in header.from where (address.name contains "Erika" and address.domain not in ours)
      then reject 550 5.7.1 "Not Erika: {subject}"
    }
  )");
  bench_.run(*run, Stage::mail);
  EXPECT_EQ(reply(message(
                *run, "From: Erika Muster <e@elsewhere.example>\r\nSubject: your invoice\r\n\r\n",
                "pay\r\n")),
            "550 5.7.1 Not Erika: your invoice");
  EXPECT_EQ(
      reply(message(*run, "From: Erika Muster <e@example.com>\r\nSubject: your invoice\r\n\r\n",
                    "pay\r\n")),
      "passed");
}

TEST_F(MessageRulesTest, TheSizeIsKnownWhereNothingElseIsAsked) {
  auto run = open(
      "limit bytes_a_day { count bytes for each mail.from allow 1KB per 1d, up to 1KB at once }\n"
      "rule big \"B\" { at message when message.size > 2KB then reject 552 5.3.4 \"big\" }\n"
      "rule much \"M\" { at message when bytes_a_day exceeded then defer \"much\" }\n");
  EXPECT_EQ(message(*run, "Subject: x\r\n\r\n", std::string(3000, 'x')).verdict.reply().code, 552);
  EXPECT_EQ(message(*run, "Subject: x\r\n\r\n", std::string(1500, 'x')).verdict.reply().code, 450);
}

TEST_F(MessageRulesTest, PatternsOverTheTextAreWeighed) {
  auto run = open(R"(
    patterns fraud in text { urgent 1.0 /\burgent\b/i
      cards 2.0 /\bgift\s+cards?\b/i }
    rule keep "Both" { at message when at least 2 of fraud match then quarantine "{fraud.matched}" }
  )");
  bench_.run(*run, Stage::mail);
  const auto kept = message(*run, "Subject: x\r\n\r\n", "Urgent: gift cards\r\n");
  EXPECT_TRUE(kept.quarantine);
  EXPECT_THAT(kept.quarantine_why, HasSubstr("urgent"));
  EXPECT_FALSE(message(*run, "Subject: x\r\n\r\n", "Urgent!\r\n").quarantine);
}

TEST_F(MessageRulesTest, FieldsAndTextsAreEditedAndKeysRemembered) {
  (void)folder_.write("footer", "Example Ltd <us>\n");
  auto run = open(R"(
    rule edit "Edit" { at message then set header "X-A" "{subject}" and append "footer" }
  )");
  bench_.run(*run, Stage::mail);
  (void)message(*run, "Subject: hello\r\n\r\n", "text\r\n");
  EXPECT_EQ(bench_.edits.apply("X-A: old\r\nSubject: hello\r\n"),
            "X-A: hello\r\nSubject: hello\r\n");
  ASSERT_EQ(bench_.wishes.texts.size(), 1U);
  EXPECT_EQ(bench_.wishes.texts[0].plain, "Example Ltd <us>\n");
  EXPECT_THAT(bench_.wishes.texts[0].html, HasSubstr("Example Ltd &lt;us&gt;"));
}

TEST_F(MessageRulesTest, TheOutcomeStillKnowsTheMessage) {
  auto run = open(R"(
    rule tell "Tell" { at outcome when subject contains "hello" then notify "postmaster@example.com" "{subject}" }
  )");
  bench_.run(*run, Stage::mail);
  (void)message(*run, "Subject: hello you\r\n\r\n", "text\r\n");
  run->ended(bench_.envelope, {.accepted = true});
  ASSERT_EQ(errands_.notices.size(), 1U);
  EXPECT_THAT(errands_.notices[0].text, HasSubstr("hello you"));
}

TEST_F(MessageRulesTest, AnAddedTextThatNoMailCanCarryIsRefusedAtLoad) {
  (void)folder_.write("footer", std::string(1000, 'x'));
  EXPECT_THAT(make("rule r \"R\" { at message then append \"footer\" }\n").error().text,
              HasSubstr("more than 900"));
}

}  // namespace
}  // namespace sekisho::filters::testing
