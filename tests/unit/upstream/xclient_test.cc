// XCLIENT on pooled connections, and the PROXY header on those that are for one client each: no
// mail goes up under another client's name.
#include <gmock/gmock.h>

#include "gateway/net/proxy_protocol.h"
#include "gateway/upstream/introduction.h"
#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace step = test::step;

mail::Peer client_at(std::string_view address, std::string_view helo = "client.example.org") {
  mail::Peer peer;
  peer.remote = Endpoint::parse(address).value();
  peer.local = Endpoint::parse("192.0.2.25:25").value();
  peer.helo = helo;
  peer.extended = true;
  return peer;
}

struct Xclient : PoolFixture {
  ScriptedUpstream peer{{.extensions = {"PIPELINING", "XCLIENT ADDR HELO"}}};
  UpstreamSettings settings = with(ForwardClient::xclient);
  Upstreams upstreams{upstream("mta", settings)};
  mail::Peer alice = client_at("203.0.113.7:4711", "alice.example.org");
  mail::Peer bob = client_at("203.0.113.8:1000", "bob.example.org");

  Xclient() { peer.on("*", {step::reply("220 upstream.test again")}); }

  UpstreamSettings with(ForwardClient how) const {
    UpstreamSettings made = settings_for(peer.port());
    made.forward_client = how;
    return made;
  }
  static mail::Envelope mail_of(const mail::Peer& client) {
    mail::Envelope envelope = envelope_from("a@example.org");
    envelope.client = &client;
    return envelope;
  }
  Result<SmtpClient::MailReplies> begin(SmtpClient& over, const mail::Peer& client) {
    return run(
        [](SmtpClient& to, mail::Envelope envelope) -> Task<Result<SmtpClient::MailReplies>> {
          const auto each = recipients_for({"b@example.net"});
          co_return co_await to.mail_and_rcpts(envelope, pointers_to(each));
        }(over, mail_of(client)));
  }
  // One message of `client` over a pooled connection; what it came to.
  std::string message_of(const mail::Peer& client) {
    auto leased = run(pool->lease(upstreams, {}, false, Deadline::in(10s), cancel, &client));
    if (!leased) return "lease: " + leased.error().text;
    const std::string outcome = send_for(*leased->client, client);
    if (outcome == "accepted")
      pool->give_back(std::move(*leased));
    else
      pool->drop(std::move(*leased), Error{ErrorKind::unavailable, outcome});
    return outcome;
  }
  std::string send_for(SmtpClient& over, const mail::Peer& client) {
    if (auto told = run(over.introduce(&client)); !told) return told.error().text;
    auto opened = begin(over, client);
    if (!opened) return opened.error().text;
    if (!opened->mail.positive()) return opened->mail.summary();
    if (run(over.data()).value().code != 354) return "DATA";
    auto answer = run(over.finish());
    return answer && std::holds_alternative<UpstreamAcceptance>(answer->front()) ? "accepted"
                                                                                 : "dot";
  }
};

TEST_F(Xclient, IntroducesEachClientOnOneConnectionAndSaysItsEhlo) {
  EXPECT_EQ(message_of(alice), "accepted");
  EXPECT_EQ(message_of(bob), "accepted");
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_THAT(peer.commands(),
              ElementsAre("EHLO gateway.test", "XCLIENT ADDR=203.0.113.7 HELO=alice.example.org",
                          "EHLO alice.example.org", StartsWith("MAIL"), StartsWith("RCPT"), "DATA",
                          "XCLIENT ADDR=203.0.113.8 HELO=bob.example.org", "EHLO bob.example.org",
                          StartsWith("MAIL"), StartsWith("RCPT"), "DATA"));
}

TEST_F(Xclient, IsNotRepeatedForTheSameClient) {
  EXPECT_EQ(message_of(alice), "accepted");
  EXPECT_EQ(message_of(alice), "accepted");
  EXPECT_EQ(peer.commands().size(), 9U);
}

TEST_F(Xclient, ReadsWhatTheUpstreamHasForThatClient) {
  peer.on("EHLO", {step::reply("250-upstream.test\r\n250 XCLIENT ADDR")}, 1);
  peer.on("EHLO", {step::reply("250-upstream.test\r\n250-8BITMIME\r\n250 SIZE 1000")}, 1);
  auto over = connect(settings).value();
  EXPECT_FALSE(over->capabilities().eight_bit_mime);
  ASSERT_TRUE(run(over->introduce(&alice)));
  EXPECT_TRUE(over->capabilities().eight_bit_mime);
}

TEST_F(Xclient, IsNotSaidAgainWhereThatClientIsNotOfferedIt) {
  peer.on("EHLO", {step::reply("250-upstream.test\r\n250 XCLIENT ADDR")}, 1);
  peer.on("EHLO", {step::reply("250 upstream.test")}, 1);
  auto over = connect(settings).value();
  EXPECT_EQ(send_for(*over, alice), "accepted");
  EXPECT_EQ(send_for(*over, alice), "accepted");
  EXPECT_TRUE(over->bound_to_client());
  EXPECT_THAT(send_for(*over, bob), HasSubstr("for another client"));
  // And so the pool does not keep such a connection.
  peer.on("EHLO", {step::reply("250-upstream.test\r\n250 XCLIENT ADDR")}, 1);
  peer.on("EHLO", {step::reply("250 upstream.test")}, 1);
  EXPECT_EQ(message_of(alice), "accepted");
  EXPECT_EQ(pool->idle_connections(), 0U);
}

TEST_F(Xclient, CarriesNoMailOfAClientThatWasNotIntroduced) {
  auto over = connect(settings).value();
  EXPECT_FALSE(begin(*over, alice));
  ASSERT_TRUE(run(over->introduce(&alice)));
  EXPECT_FALSE(begin(*over, bob));
  EXPECT_FALSE(run(over->introduce(nullptr)));
  EXPECT_THAT(peer.commands(), Not(Contains(StartsWith("MAIL"))));
}

TEST_F(Xclient, DropsAConnectionThatRefusesIt) {
  for (const char* refusal : {"550 5.7.0 not you", "501 5.5.4 Bad ADDR", "421 4.3.2 bye",
                              "454 4.3.0 later", "354 what", "garbage"}) {
    ScriptedUpstream refusing{{.extensions = {"XCLIENT ADDR HELO"}}};
    refusing.on("*", {step::reply("220 2.0.0 again")}, 1);
    refusing.on("*", {step::reply(refusal)});
    UpstreamSettings to_it = settings;
    to_it.port = refusing.port();
    auto over = connect(to_it).value();
    EXPECT_EQ(send_for(*over, alice), "accepted");
    EXPECT_THAT(send_for(*over, bob), HasSubstr("XCLIENT")) << refusal;
    EXPECT_FALSE(over->in_step()) << refusal;
    EXPECT_EQ(refusing.messages().size(), 1U);
  }
}

TEST_F(Xclient, DropsAConnectionWhoseEhloFailsAfterwards) {
  peer.on("EHLO", {step::reply("250-upstream.test\r\n250 XCLIENT ADDR")}, 1);
  peer.on("EHLO", {step::reply("554 5.7.1 this client is not wanted")});
  peer.on("HELO", {step::reply("554 5.7.1 this client is not wanted")});
  auto over = connect(settings).value();
  EXPECT_THAT(send_for(*over, alice), HasSubstr("this client is not wanted"));
  EXPECT_FALSE(over->in_step());
}

TEST_F(Xclient, FailsToConnectWhereItIsNotOffered) {
  for (const char* offered : {"PIPELINING", "XCLIENT NAME", "XFORWARD ADDR"}) {
    const ScriptedUpstream without{{.extensions = {offered}}};
    UpstreamSettings to_it = settings;
    to_it.port = without.port();
    EXPECT_THAT(connect(to_it).error().text, HasSubstr("does not offer us XCLIENT")) << offered;
  }
}

struct Proxied : Xclient {
  Proxied() {
    settings = with(ForwardClient::proxy);
    upstreams = {upstream("mta", settings)};
  }
  // The upstream greets only who has sent all of `header`, which is not in what it takes for
  // commands then.
  void expect_first(const std::string& header) {
    peer.on("CONNECT", {step::read(header.size()), step::reply("220 upstream.test")}, 1);
  }
};

TEST_F(Proxied, OpensAConnectionForEachClientAndSaysFirstWhoItIs) {
  for (const mail::Peer* client : {&alice, &bob, &alice}) {
    expect_first(encode_proxy_header(client->remote, client->local));
    EXPECT_EQ(message_of(*client), "accepted");
  }
  EXPECT_EQ(peer.connections(), 3U);
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_EQ(peer.messages().size(), 3U);
  EXPECT_EQ(peer.commands().front(), "EHLO gateway.test");
}

TEST_F(Proxied, SaysThatAConnectionIsItsOwnWhereThereIsNoClientToName) {
  const mail::Peer over_unix_socket;
  EXPECT_EQ(proxy_header(&over_unix_socket), encode_local_proxy_header());
  EXPECT_EQ(proxy_header(nullptr), encode_local_proxy_header());
  EXPECT_EQ(proxy_header(&alice), encode_proxy_header(alice.remote, alice.local));
  expect_first(encode_local_proxy_header());
  EXPECT_EQ(message_of(over_unix_socket), "accepted");
}

}  // namespace
}  // namespace sekisho::upstream
