// What becomes of a message when the upstream does as it should: its answers are ours, and the
// connection is good for the next message.
#include "gateway/delivery.h"

#include <gmock/gmock.h>

#include "tests/unit/gateway/delivery_fixture.h"

namespace sekisho {
namespace {

using test::ScriptedUpstream;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using upstream::Upstreams;
namespace step = test::step;

struct DeliveryTest : DeliveryFixture {};

TEST_F(DeliveryTest, HandsAMessageOverAndPoolsTheConnection) {
  ScriptedUpstream peer;
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  EXPECT_EQ(hand_over(delivery), kAccepted);
  ASSERT_EQ(peer.messages().size(), 1U);
  const auto message = peer.messages().front();
  EXPECT_EQ(message.mail, "MAIL FROM:<alice@example.org>");
  EXPECT_THAT(message.rcpts,
              ElementsAre("RCPT TO:<bob@example.com>", "RCPT TO:<carol@example.com>"));
  EXPECT_EQ(message.data, "Subject: x\r\n\r\nhello\r\n");
  EXPECT_FALSE(delivery.holds_connection());
  EXPECT_EQ(pool->idle_connections(), 1U);
  EXPECT_EQ(delivery.upstream(), "a");
  EXPECT_EQ(delivery.last_words(), "250 2.0.0 ok: queued as SCRIPTED1");
}

TEST_F(DeliveryTest, AsksTheUpstreamWhenTheClientNamesARecipient) {
  ScriptedUpstream peer;
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(peer.connections(), 0U);
  add(delivery, "bob@example.com");
  EXPECT_TRUE(delivery.holds_connection());
  EXPECT_THAT(peer.commands(),
              ElementsAre(testing::StartsWith("EHLO "), "MAIL FROM:<alice@example.org>",
                          "RCPT TO:<bob@example.com>"));
}

TEST_F(DeliveryTest, GivesEachRecipientTheUpstreamsOwnAnswer) {
  ScriptedUpstream peer;
  peer.on("RCPT", {step::reply("550-5.1.1 no such user\r\n550 5.1.1 here")}, 1);
  peer.on("RCPT", {step::reply("250 2.1.5 welcome")}, 1);
  peer.on("RCPT", {step::reply("452 4.2.2 full")}, 1);
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(add(delivery, "nobody@example.com"), "550 5.1.1 no such user / here");
  EXPECT_EQ(add(delivery, "bob@example.com"), "250 2.1.5 welcome");
  EXPECT_EQ(add(delivery, "carol@example.com"), "452 4.2.2 full");
  EXPECT_EQ(hand_over(delivery), kAccepted);
  EXPECT_THAT(peer.messages().at(0).rcpts, ElementsAre("RCPT TO:<bob@example.com>"));
}

TEST_F(DeliveryTest, TellsARefusedSenderToTheRecipientAndKeepsTheConnection) {
  ScriptedUpstream peer;
  peer.on("MAIL", {step::reply("550 5.1.8 bad sender")}, 1);
  peer.on("RCPT", {step::reply("503 5.5.1 MAIL first")}, 1);
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(add(delivery, "bob@example.com"), "550 5.1.8 bad sender");
  EXPECT_EQ(add(delivery, "bob@example.com"), "250 2.1.5 recipient ok");
  EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(DeliveryTest, ARefusalAfterTheDotIsTheClientsAnswer) {
  for (const std::string refusal : {"554 5.7.1 spam", "451 4.7.1 greylisted"}) {
    ScriptedUpstream peer, spare;
    peer.on(".", {step::reply(refusal)});
    upstreams = {upstream("a", peer, 10), upstream("b", spare, 20)};
    Delivery delivery(*pool, cancel);
    add_both(delivery);
    EXPECT_EQ(hand_over(delivery), refusal);
    EXPECT_EQ(peer.final_dots(), 1U);
    EXPECT_EQ(spare.connections(), 0U);
    EXPECT_THAT(peer.commands(), Not(Contains("RSET")));
    EXPECT_EQ(pool->idle_connections(), 1U);
    settle();
    pool = std::make_unique<upstream::Pool>(loop, resolver, offload, *log, metrics);
  }
}

TEST_F(DeliveryTest, ARefusalOfDataIsTheClientsAnswerAndCostsNoConnection) {
  ScriptedUpstream peer, spare;
  peer.on("DATA", {step::reply("554 5.5.1 no valid recipients")});
  upstreams = {upstream("a", peer, 10), upstream("b", spare, 20)};
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  EXPECT_EQ(hand_over(delivery), "554 5.5.1 no valid recipients");
  EXPECT_EQ(peer.commands().back(), "RSET");
  EXPECT_EQ(peer.final_dots(), 0U);
  EXPECT_EQ(spare.connections(), 0U);
  EXPECT_EQ(pool->idle_connections(), 1U);
}

TEST_F(DeliveryTest, GivesItsConnectionBackWhileTheClientThinksAndOpensTheTransactionAnew) {
  ScriptedUpstream peer;
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  pause(delivery);
  EXPECT_EQ(pool->idle_connections(), 1U);
  EXPECT_EQ(peer.commands().back(), "RSET");
  EXPECT_EQ(hand_over(delivery), kAccepted);
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_EQ(peer.messages().size(), 1U);
  EXPECT_THAT(peer.messages().at(0).rcpts,
              ElementsAre("RCPT TO:<bob@example.com>", "RCPT TO:<carol@example.com>"));
}

TEST_F(DeliveryTest, AsksForEarlierRecipientsAgainWhenOneMoreComesAfterAPause) {
  ScriptedUpstream peer;
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  add(delivery, "bob@example.com");
  pause(delivery);
  add(delivery, "carol@example.com");
  EXPECT_EQ(hand_over(delivery), kAccepted);
  EXPECT_THAT(peer.messages().at(0).rcpts,
              ElementsAre("RCPT TO:<bob@example.com>", "RCPT TO:<carol@example.com>"));
}

TEST_F(DeliveryTest, APauseWithNothingHeldSaysNothing) {
  ScriptedUpstream peer;
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  pause(delivery);
  EXPECT_EQ(peer.connections(), 0U);
}

TEST_F(DeliveryTest, APauseResetsATransactionThatHasOnlyRefusedRecipients) {
  ScriptedUpstream peer;
  peer.on("RCPT", {step::reply("550 5.1.1 no such user")}, 1);
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  add(delivery, "nobody@example.com");
  pause(delivery);
  EXPECT_EQ(peer.commands().back(), "RSET");
  EXPECT_EQ(pool->idle_connections(), 1U);
}

TEST_F(DeliveryTest, DropsTheConnectionThatDoesNotReset) {
  ScriptedUpstream peer;
  peer.on("RSET", {step::reply("500 5.5.2 what?")});
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  pause(delivery);
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_EQ(hand_over(delivery), kAccepted);
  EXPECT_EQ(peer.connections(), 2U);
}

TEST_F(DeliveryTest, AMessageThatIsGivenUpIsNoMessage) {
  ScriptedUpstream peer;
  upstreams = {upstream("a", peer)};
  {
    Delivery delivery(*pool, cancel);
    add_both(delivery);
  }
  EXPECT_TRUE(peer.wait_until([](const auto& seen) { return seen.open_connections() == 0; }));
  EXPECT_EQ(peer.messages().size(), 0U);
  EXPECT_EQ(peer.final_dots(), 0U);
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_EQ(lines("upstream_down"), 0U);
}

TEST_F(DeliveryTest, SendsABodyOfManyBlocksAsItIs) {
  std::string text;
  while (text.size() < 3 * mail::Spool::kBlock) text += ".a line that begins with a dot\r\n";
  ScriptedUpstream peer;
  upstreams = {upstream("a", peer)};
  Delivery delivery(*pool, cancel);
  add(delivery, "bob@example.com");
  mail::Spool large{loop, offload, {.directory = directory.path(), .memory = 1000}};
  ASSERT_TRUE(run(large.append(text)));
  EXPECT_TRUE(large.in_file());
  const auto outcome = run(delivery.hand_over(envelope, std::string(kHeader), large, patience()));
  ASSERT_TRUE(std::holds_alternative<Acceptances>(outcome));
  std::string stuffed(kHeader);
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    stuffed.append(".").append(text, at, text.find('\n', at) + 1 - at);
  EXPECT_TRUE(peer.messages().at(0).data == stuffed);
}

}  // namespace
}  // namespace sekisho
