// Rules, lists and limits together, as a gateway runs them: the program asks the real lists and
// counters.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/engine/program.h"
#include "rules/limits/session.h"
#include "rules/lists/lists.h"
#include "tests/unit/rules/engine_support.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::limits {
namespace {

using namespace std::chrono_literals;
using engine::End;
using ::testing::HasSubstr;

class RulesWithLimits : public ::testing::Test {
 protected:
  void use(const std::string& text) {
    checked_ = std::make_unique<testing::Checked>();
    testing::check_text(text, *checked_);
    ASSERT_EQ(checked_->said(), "");
    const std::shared_ptr<const RuleSet> set(std::shared_ptr<const void>(), &checked_->set);
    program_ = engine::Program::compile(set);
    testing::MemoryFiles none;
    lists_ = lists::load_lists(*set, none).lists;
    session_.reset();
    session_ = std::make_unique<Session>(book_.adopt(*set, now_));
    facts_.set("auth.user", "ann");
    facts_.yes("authenticated");
  }
  engine::Decision run(Stage stage) {
    session_->begin(stage, now_);
    auto decision = program_->run(stage, facts_, *lists_, *session_, state_);
    if (stage == Stage::rcpt && decision.refuses()) session_->refuse_recipient();
    return decision;
  }
  engine::Decision rcpt(const std::string& whom) {
    facts_.set("rcpt", whom);
    facts_.set("rcpt.domain", whom.substr(whom.find('@') + 1));
    return run(Stage::rcpt);
  }

  std::unique_ptr<testing::Checked> checked_;
  LimitBook book_{{}};
  TimePoint now_{1000h};
  std::shared_ptr<const engine::Program> program_;
  std::shared_ptr<const lists::Lists> lists_;
  std::unique_ptr<Session> session_;
  testing::FakeFacts facts_;
  engine::State state_;
};

constexpr auto kUserRate =
    "list ours = domains { example.com, *.example.com }\n"
    "limit user_recipients { count recipients for each auth.user allow 200 per 1h, up to 50 at "
    "once }\n"
    "rule interns \"x\" { at rcpt when rcpt.domain in ours then reject \"no\" }\n"
    "rule user-rate \"x\" { at rcpt when user_recipients exceeded\n"
    "  then defer 450 4.7.1 \"Sending limit reached; try again in {user_recipients.wait}.\" }\n";

TEST_F(RulesWithLimits, LetFiftyPassAtOnceAndDeferTheNext) {
  use(kUserRate);
  run(Stage::mail);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(rcpt("x@elsewhere.example").end, End::none) << i;
  const auto decision = rcpt("x@elsewhere.example");
  EXPECT_EQ(decision.end, End::defer);
  EXPECT_THAT(decision.text, HasSubstr("try again in 18s"));
  session_->accept();
  now_ += 18s - 1ns;
  run(Stage::mail);
  EXPECT_EQ(rcpt("x@elsewhere.example").end, End::defer);
  now_ += 1ns;
  EXPECT_EQ(rcpt("x@elsewhere.example").end, End::none);
  EXPECT_EQ(rcpt("x@elsewhere.example").end, End::defer);
}

TEST_F(RulesWithLimits, DoNotChargeWhatAnotherRuleRefused) {
  use(kUserRate);
  run(Stage::mail);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rcpt("x@MAIL.example.com").end, End::reject);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(rcpt("x@elsewhere.example").end, End::none);
  EXPECT_EQ(rcpt("x@elsewhere.example").end, End::defer);
}

TEST_F(RulesWithLimits, CountTheSameUserWhateverTheCase) {
  use(kUserRate);
  run(Stage::mail);
  for (int i = 0; i < 50; ++i) {
    facts_.set("auth.user", i % 2 == 0 ? "ann" : "ANN");
    EXPECT_EQ(rcpt("x@elsewhere.example").end, End::none);
  }
  facts_.set("auth.user", "Ann");
  EXPECT_EQ(rcpt("x@elsewhere.example").end, End::defer);
  facts_.set("auth.user", "bob");
  EXPECT_EQ(rcpt("x@elsewhere.example").end, End::none);
}

TEST_F(RulesWithLimits, CountTheSameSenderHoweverItIsWritten) {
  use("limit l { count recipients for each mail.from, rcpt.domain allow 3 per 1h }\n"
      "rule r \"x\" { at rcpt when l exceeded then defer \"no\" }\n");
  run(Stage::mail);
  for (const auto* from :
       {"ann@bücher.example", "\"ann\"@xn--bcher-kva.example", "ANN@BÜCHER.example"}) {
    facts_.set("mail.from", from);
    EXPECT_EQ(rcpt("x@elsewhere.example").end, End::none);
  }
  EXPECT_EQ(rcpt("y@ELSEWHERE.example").end, End::defer);
  EXPECT_EQ(rcpt("y@another.example").end, End::none);
}

TEST_F(RulesWithLimits, CountNewRecipientsOnce) {
  use("limit fresh { count new recipients for each auth.user allow 2 per 1d }\n"
      "rule r \"x\" { at rcpt when fresh exceeded then defer \"{fresh.count} new ones\" }\n");
  for (int i = 0; i < 3; ++i) {
    run(Stage::mail);
    EXPECT_EQ(rcpt("a@x.example").end, End::none);
    EXPECT_EQ(rcpt("A@X.example").end, End::none);
    session_->accept();
  }
  run(Stage::mail);
  EXPECT_EQ(rcpt("b@x.example").end, End::none);
  EXPECT_THAT(rcpt("c@x.example").text, HasSubstr("2 new ones"));
}

TEST_F(RulesWithLimits, SuspendByTheShareOfTheOutcome) {
  use("limit refusals { share of recipients refused for each auth.user over 10m, at least 20 }\n"
      "rule stolen \"x\" { at outcome when refusals > 50%\n"
      "  then suspend auth.user for 1h and log \"{refusals.percent} of {refusals.total}\" }\n");
  const auto outcome = [&](std::uint64_t refused) {
    session_->begin(Stage::outcome, now_);
    const auto key = program_->limit_key(0, Stage::outcome, facts_, *lists_, state_);
    EXPECT_TRUE(key.has_value());
    session_->count_share(0, *key, 1, refused);
    return run(Stage::outcome).effects.size();
  };
  for (int i = 0; i < 40; ++i) EXPECT_EQ(outcome(0), 0U);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(outcome(1), 0U);
  EXPECT_EQ(outcome(1), 2U);
}

TEST_F(RulesWithLimits, OnTrialChargeNothingThatIsNotChargedAnyway) {
  use("limit msgs { count messages for each auth.user allow 1 per 1h }\n"
      "rule r \"x\" { shadow until 2027-12-31 then enforce\n"
      "  at rcpt when msgs exceeded then defer \"no\" }\n");
  for (int i = 0; i < 5; ++i) {
    run(Stage::mail);
    EXPECT_TRUE(rcpt("a@x.example").shadow.empty());
  }
  run(Stage::message);
  session_->accept();
  run(Stage::mail);
  const auto decision = rcpt("a@x.example");
  EXPECT_EQ(decision.end, End::none);
  EXPECT_EQ(decision.shadow.size(), 1U);
}

}  // namespace
}  // namespace sekisho::rules::limits
