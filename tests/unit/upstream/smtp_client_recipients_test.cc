// Many recipients: how MAIL and the RCPTs go out, which reply belongs to which, and when a client's
// refusals end a connection.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::ElementsAre;
namespace step = test::step;

std::vector<std::string> recipients(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(fmt::format("r{}@example.net", i));
  return all;
}

std::vector<int> codes(const std::vector<smtp::Reply>& replies) {
  std::vector<int> all;
  for (const auto& reply : replies) all.push_back(reply.code);
  return all;
}

struct Recipients : PoolFixture {};

TEST_F(Recipients, GoOutInOneFlightWithMail) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  const auto replies = run(open_transaction(*client, recipients(3))).value();
  EXPECT_EQ(replies.rcpts.size(), 3U);
  EXPECT_THAT(upstream.flights(),
              ElementsAre("EHLO gateway.test\r\n",
                          "MAIL FROM:<a@example.org>\r\nRCPT TO:<r0@example.net>\r\n"
                          "RCPT TO:<r1@example.net>\r\nRCPT TO:<r2@example.net>\r\n"));
  (void)run(add_recipients(*client, {"x@example.net", "y@example.net"})).value();
  EXPECT_EQ(upstream.flights().back(), "RCPT TO:<x@example.net>\r\nRCPT TO:<y@example.net>\r\n");
}

TEST_F(Recipients, GoOutOneByOneWithoutPipelining) {
  ScriptedUpstream upstream({.extensions = {"SIZE"}});
  auto client = connect(upstream).value();
  const auto replies = run(open_transaction(*client, recipients(2))).value();
  EXPECT_EQ(replies.rcpts.size(), 2U);
  EXPECT_THAT(upstream.flights(),
              ElementsAre("EHLO gateway.test\r\n", "MAIL FROM:<a@example.org>\r\n",
                          "RCPT TO:<r0@example.net>\r\n", "RCPT TO:<r1@example.net>\r\n"));
}

TEST_F(Recipients, MayBeAThousandAndEachGetsItsOwnAnswer) {
  for (const bool pipelining : {true, false}) {
    ScriptedUpstream::Options options;
    if (!pipelining) options.extensions.clear();
    ScriptedUpstream upstream(options);
    upstream.on("RCPT", {step::reply("250 2.1.5 ok")}, 150);
    upstream.on("RCPT", {step::reply("550-5.1.1 no\r\n550 5.1.1 such user")}, 1);
    upstream.on("RCPT", {step::reply("250 2.1.5 ok")}, 848);
    upstream.on("RCPT", {step::reply("452 4.5.3 too many")}, 1);
    auto client = connect(upstream).value();
    const auto replies = run(open_transaction(*client, recipients(1000))).value();
    EXPECT_EQ(replies.mail.code, 250);
    ASSERT_EQ(replies.rcpts.size(), 1000U);
    for (std::size_t i = 0; i < 1000; ++i)
      EXPECT_EQ(replies.rcpts[i].code, i == 150 ? 550 : i == 999 ? 452 : 250) << i;
    EXPECT_EQ(upstream.commands().size(), 1002U);
    if (pipelining) EXPECT_LT(upstream.flights().size(), 100U);
    EXPECT_TRUE(client->in_step());
    ASSERT_EQ(run(client->data()).value().code, 354);
    EXPECT_TRUE(run(client->finish()));
    EXPECT_EQ(upstream.messages().at(0).rcpts.size(), 998U);
  }
}

TEST_F(Recipients, DoNotLetBothSidesWaitForEachOther) {
  // Far more than any buffer holds: the upstream can't read on while we don't read its replies.
  std::string reply;
  for (int i = 0; i < 100; ++i) reply += "250-" + std::string(400, 'x') + "\r\n";
  ScriptedUpstream upstream;
  upstream.on("RCPT", {step::reply(reply + "250 ok")});
  auto client = connect(upstream).value();
  const auto replies = run(open_transaction(*client, recipients(1000)));
  ASSERT_TRUE(replies) << replies.error().text;
  EXPECT_EQ(replies->rcpts.size(), 1000U);
}

TEST_F(Recipients, OfALongNameGoOutInFlightsThatABufferHolds) {
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i)
    names.push_back(fmt::format("{}{}@{}.example", std::string(50, 'a'), i, std::string(60, 'b')));
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  EXPECT_EQ(run(open_transaction(*client, names)).value().rcpts.size(), 200U);
  for (const std::string& flight : upstream.flights()) EXPECT_LE(flight.size(), 16U * 1024 + 2);
}

TEST_F(Recipients, AreNoneWhenMailIsRefused) {
  for (const bool pipelining : {true, false}) {
    ScriptedUpstream::Options options;
    if (!pipelining) options.extensions.clear();
    ScriptedUpstream upstream(options);
    upstream.on("MAIL", {step::reply("550 5.7.1 not you")}, 1);
    upstream.on("RCPT", {step::reply("503 5.5.1 MAIL first")}, pipelining ? 3 : 1);
    auto client = connect(upstream).value();
    const auto replies = run(open_transaction(*client, recipients(3))).value();
    EXPECT_EQ(replies.mail.code, 550);
    EXPECT_TRUE(replies.rcpts.empty());
    EXPECT_TRUE(client->reusable());
    EXPECT_FALSE(client->in_transaction());
  }
}

TEST_F(Recipients, AreNotNamedInFurtherFlightsWhenMailIsRefused) {
  ScriptedUpstream upstream;
  upstream.on("MAIL", {step::reply("550 5.7.1 not you")});
  upstream.on("RCPT", {step::reply("503 5.5.1 MAIL first")});
  auto client = connect(upstream).value();
  EXPECT_EQ(run(open_transaction(*client, recipients(1000))).value().mail.code, 550);
  EXPECT_LT(upstream.commands().size(), 110U);
}

TEST_F(Recipients, OfARefusedSenderThatAreTakenBreakTheConnection) {
  ScriptedUpstream upstream;
  upstream.on("MAIL", {step::reply("550 5.7.1 not you")});
  upstream.on("RCPT", {step::reply("503 5.5.1 MAIL first")}, 1);
  upstream.on("RCPT", {step::reply("250 2.1.5 ok")}, 1);
  auto client = connect(upstream).value();
  EXPECT_EQ(run(open_transaction(*client, recipients(2))).value().mail.code, 550);
  EXPECT_FALSE(client->in_step());
}

TEST_F(Recipients, AfterA421GetThe421) {
  for (const bool pipelining : {true, false}) {
    ScriptedUpstream::Options options;
    if (!pipelining) options.extensions.clear();
    ScriptedUpstream upstream(options);
    upstream.on("RCPT", {step::reply("250 2.1.5 ok")}, 2);
    upstream.on("RCPT", {step::reply("421 4.7.0 too many"), step::close()}, 1);
    auto client = connect(upstream).value();
    const auto replies = run(open_transaction(*client, recipients(5))).value();
    EXPECT_THAT(codes(replies.rcpts), ElementsAre(250, 250, 421, 421, 421));
    EXPECT_FALSE(client->in_step());
  }
}

TEST_F(Recipients, AreAnErrorWhenTheUpstreamFailsInTheMiddle) {
  const std::vector<std::vector<test::Step>> faults{
      {step::close()}, {step::reset()}, {step::reply("what?")}, {step::reply("354 go ahead")}};
  for (const auto& fault : faults) {
    ScriptedUpstream upstream;
    upstream.on("RCPT", {step::reply("250 2.1.5 ok")}, 2);
    upstream.on("RCPT", fault, 1);
    auto client = connect(upstream).value();
    EXPECT_FALSE(run(open_transaction(*client, recipients(5))));
    EXPECT_FALSE(client->in_step());
  }
}

TEST_F(Recipients, WithAReplyTooManyBreakTheConnection) {
  ScriptedUpstream upstream;
  upstream.on("RCPT", {step::reply("250 2.1.5 ok")}, 2);
  upstream.on("RCPT", {step::reply("250 2.1.5 ok\r\n250 2.1.5 ok")}, 1);
  auto client = connect(upstream).value();
  ASSERT_TRUE(run(open_transaction(*client, recipients(3))));
  EXPECT_FALSE(run(client->data())) << "354 is not the next thing that would be read";
}

TEST_F(Recipients, ThatAreRefusedAllTheTimeEndAConnection) {
  ScriptedUpstream upstream;
  upstream.on("RCPT", {step::reply("550 5.1.1 no such user")}, 5);
  auto client = connect(upstream).value();
  ASSERT_TRUE(run(open_transaction(*client, recipients(4))));
  EXPECT_TRUE(run(client->reset())) << "4 are few";
  ASSERT_TRUE(run(open_transaction(*client, recipients(1))));
  EXPECT_FALSE(run(client->reset())) << "and 5 are many, in one transaction or several";
  EXPECT_FALSE(client->reusable());
  EXPECT_TRUE(client->in_step());
}

TEST_F(Recipients, AreNotTheOnlyThingThatIsRefused) {
  ScriptedUpstream upstream;
  upstream.on(".", {step::reply("550 5.7.1 spam")});
  auto client = connect(upstream).value();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(client->reusable()) << i;
    EXPECT_EQ(send(*client).stopped_at, "dot");
  }
  EXPECT_FALSE(client->reusable());
}

TEST_F(Recipients, ThatWereRefusedAreForgottenOnceAMessageIsAccepted) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  for (int i = 0; i < 3; ++i) {
    upstream.on("RCPT", {step::reply("550 5.1.1 no such user")}, 4);
    ASSERT_TRUE(run(open_transaction(*client, recipients(5))));
    ASSERT_TRUE(run(client->data()));
    ASSERT_TRUE(run(client->finish()));
    EXPECT_TRUE(client->reusable());
  }
}

TEST_F(Recipients, ThatOneClientGuessesDoNotSlowTheNextClientDown) {
  ScriptedUpstream upstream;
  upstream.on("RCPT", {step::reply("550 5.1.1 no such user")}, 10);
  const Upstreams upstreams{PoolFixture::upstream("a", upstream)};
  auto leased = lease(upstreams).value();
  ASSERT_TRUE(run(open_transaction(*leased.client, recipients(10))));
  pool->reset_and_give_back(std::move(leased));
  EXPECT_TRUE(turn_until([&] { return pool->quiet() && upstream.open_connections() == 0; }));
  EXPECT_EQ(upstream.commands().back(), "QUIT");
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_EQ(use(upstreams), "a");
  EXPECT_EQ(upstream.connections(), 2U);
}

}  // namespace
}  // namespace sekisho::upstream
