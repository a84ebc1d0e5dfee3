#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/dns/ask_all.h"
#include "tests/support/dns_server.h"

namespace sekisho::dns {
namespace {

using sekisho::testing::DnsServer;
using ::testing::HasSubstr;
using Status = Answer::Status;

class DnsResolver : public ::testing::Test {
 protected:
  Resolver& resolver() {
    if (!resolver_) {
      settings_.servers = {server_.endpoint().to_string()};
      auto opened = Resolver::open(loop_, settings_, metrics_);
      EXPECT_TRUE(opened) << opened.error().text;
      resolver_ = std::move(*opened);
    }
    return *resolver_;
  }
  Result<Answer> ask(Type type, std::string name) {
    return loop_.run_until_done(resolver().ask(type, std::move(name), Deadline::never(), cancel_));
  }
  double counted(std::string type, std::string result) {
    return metrics_.counter("dns_lookups_total", "", {{"type", type}, {"result", result}}).value();
  }

  DnsServer server_;
  DnsSettings settings_;
  Metrics metrics_;
  Loop loop_;
  CancelSource cancel_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(DnsResolver, GivesTheRecordsOfEachType) {
  server_.add_a("host.example", "192.0.2.7");
  server_.add_a("host.example", "2001:db8::7");
  server_.add_mx("host.example", 20, "second.example");
  server_.add_mx("host.example", 10, "first.example");
  server_.add_txt("host.example", "v=spf1 -all");
  server_.add_ptr("7.2.0.192.in-addr.arpa", "host.example");
  const auto a = ask(Type::a, "host.example");
  ASSERT_TRUE(a) << a.error().text;
  EXPECT_EQ(a->records.at(0).address.to_string(), "192.0.2.7");
  EXPECT_EQ(ask(Type::aaaa, "host.example")->records.at(0).address.to_string(), "2001:db8::7");
  const auto mx = ask(Type::mx, "host.example");
  EXPECT_EQ(mx->records.at(0).name, "first.example");
  EXPECT_EQ(mx->records.at(1).name, "second.example");
  EXPECT_EQ(ask(Type::txt, "host.example")->records.at(0).text, "v=spf1 -all");
  EXPECT_EQ(ask(Type::ptr, "7.2.0.192.in-addr.arpa")->records.at(0).name, "host.example");
  EXPECT_EQ(counted("MX", "found"), 1);
}

TEST_F(DnsResolver, KnowsNoNameFromNoData) {
  server_.add_a("host.example", "192.0.2.7");
  EXPECT_EQ(ask(Type::txt, "host.example")->status, Status::no_data);
  EXPECT_EQ(ask(Type::txt, "nobody.example")->status, Status::no_name);
}

TEST_F(DnsResolver, AsksOnceForWhatIsCached) {
  server_.add_a("host.example", "192.0.2.7");
  ASSERT_TRUE(ask(Type::a, "host.example"));
  ASSERT_TRUE(ask(Type::a, "HOST.example"));
  EXPECT_EQ(server_.asked("host.example"), 1);
}

TEST_F(DnsResolver, TakesLongAnswersByTcp) {
  std::string record(5000, 'x');
  server_.add_txt("long.example", record);
  server_.behave(DnsServer::Manner::truncate);
  const auto answer = ask(Type::txt, "long.example");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->records.at(0).text, record);
  EXPECT_GE(server_.asked_by_tcp(), 1);
}

TEST_F(DnsResolver, AFailingServerIsUnavailable) {
  server_.behave(DnsServer::Manner::fail);
  const auto answer = ask(Type::a, "host.example");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(answer.error().text, HasSubstr("A of host.example"));
}

TEST_F(DnsResolver, ASilentServerCostsTheTimeoutAndIsAskedAgainLater) {
  settings_.timeout = std::chrono::milliseconds(200);
  server_.behave(DnsServer::Manner::silent);
  server_.add_a("host.example", "192.0.2.7");
  const auto answer = ask(Type::a, "host.example");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  EXPECT_EQ(counted("A", "timeout"), 1);
  server_.behave(DnsServer::Manner::answer);
  settings_.timeout = std::chrono::seconds(10);
  EXPECT_TRUE(
      loop_.run_until_done(resolver().ask(Type::a, "other.example", Deadline::in(5s), cancel_)));
}

TEST_F(DnsResolver, AnAnswerToAnotherQuestionIsNone) {
  settings_.timeout = std::chrono::milliseconds(300);
  server_.behave(DnsServer::Manner::wrong_id);
  server_.add_a("host.example", "192.0.2.7");
  EXPECT_FALSE(ask(Type::a, "host.example"));
}

TEST_F(DnsResolver, GarbageIsNoAnswer) {
  settings_.timeout = std::chrono::milliseconds(300);
  server_.behave(DnsServer::Manner::garbage);
  EXPECT_FALSE(ask(Type::a, "host.example"));
}

TEST_F(DnsResolver, ControlBytesInANameComeOutEscaped) {
  const std::string label("a\r\nb\0c", 6);
  server_.add("7.2.0.192.in-addr.arpa", 12, "\x06" + label + "\x07" + "example" + '\0');
  const auto answer = ask(Type::ptr, "7.2.0.192.in-addr.arpa");
  ASSERT_TRUE(answer) << answer.error().text;
  for (const char c : answer->records.at(0).name) EXPECT_TRUE(c >= '!' && c <= '~');
}

TEST_F(DnsResolver, LabelsWithDotsAndBlanksAreAskedForAsTheyAre) {
  server_.add_a("macro%percent  space.example", "192.0.2.7");
  EXPECT_EQ(ask(Type::a, "macro%percent  space.example")->status, Status::found);
}

TEST_F(DnsResolver, WhatCannotBeANameIsInvalid) {
  const std::vector<std::string> names{"", std::string(254, 'a'), "a..b",
                                       std::string(64, 'a') + ".example"};
  for (const auto& name : names) {
    const auto answer = ask(Type::a, name);
    ASSERT_FALSE(answer) << name;
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid) << name;
  }
}

TEST_F(DnsResolver, WhoeverGivesUpLeavesTheOthersTheirAnswer) {
  server_.behave(DnsServer::Manner::silent);
  for (int i = 0; i < 100; ++i) {
    CancelSource gone;
    Timer leave(loop_, [&gone] { gone.cancel(); });
    leave.start(std::chrono::microseconds(100));
    const auto answer =
        loop_.run_until_done(resolver().ask(Type::a, "host.example", Deadline::never(), gone));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
  }
  server_.behave(DnsServer::Manner::answer);
  server_.add_a("host.example", "192.0.2.7");
  const auto answer = ask(Type::a, "host.example");
  EXPECT_TRUE(answer) << answer.error().text;
}

TEST_F(DnsResolver, AsksForSeveralNamesAtOnce) {
  for (const char* name : {"a.example", "b.example", "c.example", "d.example"})
    server_.silence(name);
  server_.add_a("here.example", "192.0.2.7");
  const std::vector<std::string> names{"a.example", "b.example",    "c.example",
                                       "d.example", "here.example", "no..name"};
  const auto start = Clock::now();
  const auto answers = loop_.run_until_done(
      ask_all(loop_, resolver(), Type::a, names, Deadline::in(400ms), cancel_));
  EXPECT_LT(Clock::now() - start, 800ms);
  ASSERT_EQ(answers.size(), names.size());
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(answers[i].error().kind, ErrorKind::timeout);
  EXPECT_EQ(answers[4]->status, Status::found);
  EXPECT_EQ(answers[5].error().kind, ErrorKind::invalid);
  EXPECT_TRUE(
      loop_.run_until_done(ask_all(loop_, resolver(), Type::a, {}, Deadline::never(), cancel_))
          .empty());
}

TEST_F(DnsResolver, DiesWithItsQueriesUnanswered) {
  server_.behave(DnsServer::Manner::silent);
  CancelSource gone;
  Timer leave(loop_, [&gone] { gone.cancel(); });
  leave.start(1ms);
  EXPECT_FALSE(
      loop_.run_until_done(resolver().ask(Type::a, "host.example", Deadline::never(), gone)));
  resolver_.reset();
}

TEST_F(DnsResolver, AMissingTrustAnchorIsAnErrorThatNamesIt) {
  settings_.dnssec = true;
  settings_.trust_anchor = "/nowhere/root.key";
  const auto opened = Resolver::open(loop_, settings_, metrics_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("/nowhere/root.key"));
}

}  // namespace
}  // namespace sekisho::dns
