#include "filters/rate_limit/rate_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/filters/bench.h"

namespace sekisho::filters::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RateLimitTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Filter> make(std::map<std::string, std::any> values,
                                     const Filter* previous = nullptr) {
    values.try_emplace("messages_per_user", std::string());
    values.try_emplace("recipients_per_user", std::string());
    const auto blueprint = make_rate_limit([this] { return now_; });
    return build(*blueprint, std::move(values), previous);
  }
  int mail(ChainRun& run) { return code(bench_.run(run, Stage::mail)); }
  int rcpt(ChainRun& run, const std::string& address) {
    const smtp::Mailbox mailbox = *smtp::parse_mailbox(address);
    bench_.recipient = &mailbox;
    last_ = bench_.run(run, Stage::rcpt);
    bench_.recipient = nullptr;
    if (!last_.verdict.refuses()) bench_.envelope.recipients.push_back(mailbox);
    return code(last_);
  }
  void end(ChainRun& run, bool accepted) {
    run.ended(bench_.envelope, {.accepted = accepted});
    bench_.envelope.recipients.clear();
  }
  int send(ChainRun& run, bool accepted = true) {
    if (const int answer = mail(run); answer != 0) return answer;
    const int answer = rcpt(run, "x@example.net");
    end(run, accepted && answer == 0);
    return answer;
  }
  int code(const ChainRun::Outcome& outcome) {
    last_ = outcome;
    return outcome.verdict.refuses() ? outcome.verdict.reply().code : 0;
  }

  Bench bench_;
  TimePoint now_{std::chrono::hours(500)};
  ChainRun::Outcome last_;
};

TEST_F(RateLimitTest, SlowsABurstWith451AndSaysHowLong) {
  bench_.peer.user = "alice";
  auto run = bench_.open(make({{"messages_per_user", std::string("60/35m burst 2")}}));
  EXPECT_EQ(send(*run), 0);
  EXPECT_EQ(send(*run), 0);
  EXPECT_EQ(send(*run), 451);
  EXPECT_EQ(last_.verdict.reply().summary(), "451 4.7.1 sending limit reached, try again in 35 s");
  EXPECT_THAT(last_.verdict.why(), HasSubstr("messages_per_user 60/35m burst 2 reached by alice"));
  now_ += 35s - Duration(1);
  EXPECT_EQ(send(*run), 451);
  now_ += Duration(1);
  EXPECT_EQ(send(*run), 0);
}

TEST_F(RateLimitTest, CountsRecipientsOneByOne) {
  bench_.peer.user = "alice";
  auto run = bench_.open(make({{"recipients_per_user", std::string("3/1h")}}));
  ASSERT_EQ(mail(*run), 0);
  EXPECT_EQ(rcpt(*run, "a@example.net"), 0);
  EXPECT_EQ(rcpt(*run, "b@example.net"), 0);
  EXPECT_EQ(rcpt(*run, "c@example.net"), 0);
  EXPECT_EQ(rcpt(*run, "d@example.net"), 451);
}

TEST_F(RateLimitTest, DoesNotChargeForMailThatWasRefused) {
  bench_.peer.user = "alice";
  auto run = bench_.open(make(
      {{"messages_per_user", std::string("2/1h")}, {"recipients_per_user", std::string("2/1h")}}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(send(*run, false), 0) << i;
  EXPECT_EQ(send(*run), 0);
  EXPECT_EQ(send(*run), 0);
  EXPECT_EQ(send(*run), 451);
}

TEST_F(RateLimitTest, ChargesOnlyTheRecipientsThatTheUpstreamTook) {
  bench_.peer.user = "alice";
  auto run = bench_.open(make({{"recipients_per_user", std::string("3/1h")}}));
  ASSERT_EQ(mail(*run), 0);
  for (const char* address : {"a@example.net", "b@example.net", "c@example.net"}) {
    ASSERT_EQ(rcpt(*run, address), 0);
  }
  bench_.envelope.recipients.resize(1);  // the upstream refused two of them
  end(*run, true);
  ASSERT_EQ(mail(*run), 0);
  EXPECT_EQ(rcpt(*run, "d@example.net"), 0);
  EXPECT_EQ(rcpt(*run, "e@example.net"), 0);
  EXPECT_EQ(rcpt(*run, "f@example.net"), 451);
}

TEST_F(RateLimitTest, ANewMailOrTheEndOfTheSessionFreesWhatAnUnfinishedOneHeld) {
  bench_.peer.user = "alice";
  const auto filter = make({{"messages_per_user", std::string("1/1h")}});
  {
    auto run = bench_.open(filter);
    EXPECT_EQ(mail(*run), 0);
    EXPECT_EQ(mail(*run), 0);
  }
  auto run = bench_.open(filter);
  EXPECT_EQ(mail(*run), 0);
}

TEST_F(RateLimitTest, MessagesOnTheirWayInOtherSessionsCount) {
  bench_.peer.user = "alice";
  const auto filter = make({{"messages_per_user", std::string("2/1h")}});
  auto first = bench_.open(filter);
  auto second = bench_.open(filter);
  auto third = bench_.open(filter);
  EXPECT_EQ(mail(*first), 0);
  EXPECT_EQ(mail(*second), 0);
  EXPECT_EQ(mail(*third), 451);
  end(*first, false);
  EXPECT_EQ(mail(*third), 0);
}

TEST_F(RateLimitTest, CountsUsersByNameWhereverTheyCallFrom) {
  const auto filter = make({{"messages_per_user", std::string("1/1h")}});
  bench_.peer.user = "alice";
  auto here = bench_.open(filter);
  EXPECT_EQ(send(*here), 0);
  bench_.peer.remote = *Endpoint::parse("198.51.100.1:1");
  auto there = bench_.open(filter);
  EXPECT_EQ(send(*there), 451);
  bench_.peer.user = "bob";
  auto other = bench_.open(filter);
  EXPECT_EQ(send(*other), 0);
}

TEST_F(RateLimitTest, CountsStrangersByAddressAndByIpv6Network) {
  struct Case {
    const char* first;
    const char* second;
    bool same;
  };
  for (const Case& each :
       {Case{"192.0.2.1:1", "192.0.2.1:999", true}, Case{"192.0.2.1:1", "192.0.2.2:1", false},
        Case{"[2001:db8::1]:1", "[2001:db8::ffff:1]:1", true},
        Case{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false}}) {
    const auto filter = make({{"messages_per_client", std::string("1/1h")}});
    bench_.peer.remote = *Endpoint::parse(each.first);
    auto first = bench_.open(filter);
    EXPECT_EQ(send(*first), 0);
    bench_.peer.remote = *Endpoint::parse(each.second);
    auto second = bench_.open(filter);
    EXPECT_EQ(send(*second), each.same ? 451 : 0) << each.first << " " << each.second;
  }
}

TEST_F(RateLimitTest, ClientLimitsDoNotTouchUsersNorUserLimitsStrangers) {
  const auto filter = make(
      {{"messages_per_client", std::string("1/1h")}, {"messages_per_user", std::string("2/1h")}});
  auto stranger = bench_.open(filter);
  EXPECT_EQ(send(*stranger), 0);
  EXPECT_EQ(send(*stranger), 451);
  bench_.peer.user = "alice";
  auto alice = bench_.open(filter);
  EXPECT_EQ(send(*alice), 0);
  EXPECT_EQ(send(*alice), 0);
  EXPECT_EQ(send(*alice), 451);
}

TEST_F(RateLimitTest, TrustedNetworksCountPerClient) {
  bench_.peer.in_trusted_network = true;
  auto run = bench_.open(make({{"messages_per_client", std::string("1/1h")}}));
  EXPECT_EQ(send(*run), 0);
  EXPECT_EQ(send(*run), 451);
}

TEST_F(RateLimitTest, TooManyConnectionsAreToldToComeBackLater) {
  const auto filter = make({{"connections_per_client", std::string("2/1m")}});
  for (const int expected : {0, 0, 421}) {
    auto run = bench_.open(filter);
    EXPECT_EQ(code(bench_.run(*run, Stage::connect)), expected);
  }
  EXPECT_THAT(last_.verdict.reply().summary(), HasSubstr("421 4.7.0 too many connections"));
  now_ += 30s;
  auto run = bench_.open(filter);
  EXPECT_EQ(code(bench_.run(*run, Stage::connect)), 0);
}

TEST_F(RateLimitTest, AReloadKeepsTheCountsOfUnchangedLimits) {
  bench_.peer.user = "alice";
  const std::map<std::string, std::any> settings{{"messages_per_user", std::string("1/1h")},
                                                 {"recipients_per_user", std::string("1/1h")}};
  const auto before = make(settings);
  auto old_run = bench_.open(before);
  EXPECT_EQ(send(*old_run), 0);

  auto kept = bench_.open(make(settings, before.get()));
  EXPECT_EQ(mail(*kept), 451);

  auto changed = settings;
  changed["messages_per_user"] = std::string("2/1h");
  auto widened = bench_.open(make(changed, before.get()));
  EXPECT_EQ(mail(*widened), 0);                     // a new limit begins anew
  EXPECT_EQ(rcpt(*widened, "x@example.net"), 451);  // the other one goes on
}

TEST_F(RateLimitTest, AReloadFromAnotherKindOfFilterBeginsAnew) {
  const Scripted other({});
  bench_.peer.user = "alice";
  auto run = bench_.open(make({{"messages_per_user", std::string("1/1h")}}, &other));
  EXPECT_EQ(send(*run), 0);
}

TEST_F(RateLimitTest, LimitsUsersByDefault) {
  const auto blueprint = make_rate_limit([this] { return now_; });
  bench_.peer.user = "alice";
  auto run = bench_.open(build(*blueprint));
  int passed = 0;
  while (passed < 1000 && send(*run) == 0) ++passed;
  EXPECT_EQ(passed, 200);
}

TEST(RateLimitSettings, PointAtTheLimitThatIsWrong) {
  const auto blueprint = make_rate_limit();
  const auto errors = setting_errors(*blueprint, {{"recipients_per_client", std::string("lots")}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], HasSubstr("recipients_per_client: \"lots\" is not a limit"));
  EXPECT_THAT(setting_errors(*make_rate_limit(), {{"messages_per_user", std::string()}}),
              IsEmpty());
}

TEST(RateLimitWords, NameLongWaitsInLargerUnits) {
  Bench bench;
  bench.peer.user = "alice";
  for (const auto& [limit, words] : {std::pair{"1/1m", "try again in 60 s"},
                                     {"1/10m", "try again in 10 min"},
                                     {"1/1d", "try again in 24 h"}}) {
    const auto blueprint = make_rate_limit([] { return TimePoint(std::chrono::hours(1)); });
    auto run = bench.open(build(*blueprint, {{"messages_per_user", std::string(limit)}}));
    EXPECT_FALSE(bench.run(*run, Stage::mail).verdict.refuses());
    run->ended(bench.envelope, {.accepted = true});
    EXPECT_THAT(bench.run(*run, Stage::mail).verdict.reply().summary(), HasSubstr(words));
  }
}

}  // namespace
}  // namespace sekisho::filters::testing
