// What an upstream is told of a client, and what becomes of the mail when it won't hear it.
#include "gateway/upstream/introduction.h"

#include <gmock/gmock.h>

#include "gateway/base/text.h"
#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
namespace step = test::step;

constexpr std::string_view kPostfix = "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT";

mail::Peer client_at(std::string_view address) {
  mail::Peer peer;
  peer.remote = Endpoint::parse(address).value();
  peer.local = Endpoint::parse("192.0.2.25:25").value();
  peer.helo = "client.example.org";
  peer.extended = true;
  return peer;
}

mail::Envelope envelope_of(const mail::Peer& client) {
  mail::Envelope envelope = envelope_from("a@example.org");
  envelope.id = "3NCk.1";
  envelope.client = &client;
  return envelope;
}

smtp::Capabilities with(std::string_view line) {
  smtp::Capabilities capabilities;
  capabilities.others.emplace_back(line);
  return capabilities;
}

std::vector<std::string> told(const mail::Peer& client, std::string_view offer = kPostfix) {
  return xforward_commands(envelope_of(client), with(offer));
}

TEST(Xforward, TellsWhatTheUpstreamNamesAndNoMore) {
  const auto client = client_at("203.0.113.7:4711");
  EXPECT_THAT(told(client), ElementsAre("XFORWARD NAME=[UNAVAILABLE] ADDR=203.0.113.7 PORT=4711 "
                                        "PROTO=ESMTP HELO=client.example.org IDENT=3NCk.1 "
                                        "SOURCE=REMOTE"));
  EXPECT_THAT(told(client, "xforward  ident  addr"),
              ElementsAre("XFORWARD ADDR=203.0.113.7 IDENT=3NCk.1"));
  EXPECT_THAT(told(client, "XFORWARD COLOUR"), IsEmpty());
  EXPECT_THAT(told(client, "XFORWARD"), IsEmpty());
  EXPECT_THAT(told(client, "XFORWARDING IDENT"), IsEmpty());
  EXPECT_THAT(xforward_commands(envelope_of(client), {}), IsEmpty());
}

TEST(Xforward, TellsTheFamilyOfAnIpv6Address) {
  EXPECT_THAT(told(client_at("[2001:db8::7]:25"), "XFORWARD ADDR"),
              ElementsAre("XFORWARD ADDR=IPV6:2001:db8::7"));
}

TEST(Xforward, SaysWhatIsNotKnown) {
  mail::Peer client;  // over a unix socket, before any EHLO
  EXPECT_THAT(told(client, "XFORWARD ADDR PORT HELO PROTO"),
              ElementsAre("XFORWARD ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE] PROTO=SMTP "
                          "HELO=[UNAVAILABLE]"));
  mail::Envelope nobody = envelope_from("a@example.org");
  EXPECT_THAT(xforward_commands(nobody, with(kPostfix)), IsEmpty());
}

TEST(Xforward, EncodesEveryByteThatAClientChose) {
  mail::Peer client = client_at("203.0.113.7:4711");
  client.helo = "a b+c=d\r\nQUIT\xff";
  EXPECT_THAT(told(client, "XFORWARD HELO"), ElementsAre("XFORWARD HELO=a+20b+2Bc+3Dd??QUIT?"));
}

TEST(Xforward, KeepsEachCommandWithin512Bytes) {
  mail::Peer client = client_at("203.0.113.7:4711");
  for (const std::size_t length : {1U, 200U, 254U, 255U, 256U, 5000U}) {
    client.helo = std::string(length, '+');
    const auto commands = told(client);
    std::string whole;
    for (const auto& command : commands) {
      EXPECT_LE(command.size() + 2, 512U);
      EXPECT_TRUE(command.starts_with("XFORWARD "));
      whole += command.substr(8);
    }
    for (const char* name : {"NAME", "ADDR", "PROTO", "HELO", "SOURCE", "PORT", "IDENT"})
      EXPECT_THAT(whole, HasSubstr(std::string(" ") + name + "="));
  }
}

std::string introduction(const mail::Peer& client, std::string_view offered, bool login = false) {
  auto command = xclient_command(client, offered, login);
  return command ? *command : "error: " + command.error().text;
}

TEST(XclientCommand, SaysAllThatTheUpstreamNamesInOneCommand) {
  mail::Peer client = client_at("203.0.113.7:4711");
  client.user = "alice";
  // Postfix's list, and Exim's.
  EXPECT_EQ(introduction(client, "NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"),
            "XCLIENT NAME=[UNAVAILABLE] ADDR=203.0.113.7 PORT=4711 PROTO=ESMTP "
            "HELO=client.example.org DESTADDR=192.0.2.25 DESTPORT=25");
  EXPECT_EQ(introduction(client, " ADDR NAME PORT LOGIN DESTADDR DESTPORT"),
            "XCLIENT NAME=[UNAVAILABLE] ADDR=203.0.113.7 PORT=4711 DESTADDR=192.0.2.25 "
            "DESTPORT=25");
}

TEST(XclientCommand, TellsALoginOnlyIfTheSettingsSaySoAndThenAlsoThatThereIsNone) {
  mail::Peer client = client_at("203.0.113.7:4711");
  EXPECT_EQ(introduction(client, "ADDR LOGIN", true),
            "XCLIENT ADDR=203.0.113.7 LOGIN=[UNAVAILABLE]");
  client.user = "alice smith";
  EXPECT_EQ(introduction(client, "ADDR LOGIN", true),
            "XCLIENT ADDR=203.0.113.7 LOGIN=alice+20smith");
  EXPECT_EQ(introduction(client, "ADDR LOGIN", false), "XCLIENT ADDR=203.0.113.7");
}

TEST(XclientCommand, LeavesALongHeloNameToTheEhloThatFollows) {
  mail::Peer client = client_at("203.0.113.7:4711");
  client.helo = std::string(250, 'h');
  client.user = std::string(250, 'u');
  EXPECT_EQ(introduction(client, "ADDR HELO LOGIN", true),
            "XCLIENT ADDR=203.0.113.7 LOGIN=" + client.user);
}

TEST(XclientCommand, IsOfNoUseWithoutAnAddress) {
  EXPECT_TRUE(check_xclient("NAME addr"));
  for (const char* offered : {"", "NAME PORT", "ADDRESS"})
    EXPECT_THAT(check_xclient(offered).error().text, HasSubstr("XCLIENT")) << offered;
}

struct XforwardDialogue : PoolFixture {
  mail::Peer client = client_at("203.0.113.7:4711");

  static ScriptedUpstream::Options offering(bool pipelining = true) {
    ScriptedUpstream::Options options;
    options.extensions = {"SIZE", std::string(kPostfix)};
    if (pipelining) options.extensions.emplace_back("PIPELINING");
    return options;
  }
  Result<SmtpClient::MailReplies> begin(SmtpClient& over, std::string_view id = "3NCk.1") {
    return run(
        [](SmtpClient& to, mail::Envelope envelope) -> Task<Result<SmtpClient::MailReplies>> {
          const auto each = recipients_for({"b@example.net"});
          co_return co_await to.mail_and_rcpts(envelope, pointers_to(each));
        }(over, [&] {
          mail::Envelope envelope = envelope_of(client);
          envelope.id = id;
          return envelope;
        }()));
  }
  // One message over `over`; what it came to.
  std::string message(SmtpClient& over, std::string_view id = "3NCk.1") {
    auto opened = begin(over, id);
    if (!opened) return "error: " + opened.error().text;
    if (!opened->mail.positive()) return "MAIL: " + opened->mail.summary();
    if (run(over.data()).value().code != 354) return "DATA";
    if (!run(over.send("Subject: x\r\n\r\nhello\r\n"))) return "text";
    auto answer = run(over.finish());
    return answer && std::holds_alternative<UpstreamAcceptance>(answer->front()) ? "accepted"
                                                                                 : "dot";
  }
  static std::size_t xforwards(const ScriptedUpstream& upstream) {
    std::size_t count = 0;
    for (const auto& command : upstream.commands())
      if (command.starts_with("XFORWARD ")) ++count;
    return count;
  }
};

TEST_F(XforwardDialogue, GoesInOneFlightWithMailWhereThereIsPipelining) {
  for (const bool pipelining : {true, false}) {
    ScriptedUpstream upstream(offering(pipelining));
    upstream.on("*", {step::reply("250 2.0.0 Ok")});
    auto over = connect(upstream).value();
    EXPECT_EQ(message(*over), "accepted");
    EXPECT_EQ(xforwards(upstream), 1U);
    EXPECT_EQ(upstream.flights().at(1).starts_with("XFORWARD"), true);
    EXPECT_EQ(upstream.flights().at(1).find("MAIL") != std::string::npos, pipelining);
  }
}

TEST_F(XforwardDialogue, IsSaidAnewForEachMessageOfAConnection) {
  ScriptedUpstream upstream(offering());
  upstream.on("*", {step::reply("250 2.0.0 Ok")});
  auto over = connect(upstream).value();
  EXPECT_EQ(message(*over, "first.1"), "accepted");
  client = client_at("203.0.113.8:1000");
  EXPECT_EQ(message(*over, "second.1"), "accepted");
  EXPECT_EQ(upstream.messages().size(), 2U);
  const auto commands = upstream.commands();
  EXPECT_THAT(commands.at(1), AllOf(HasSubstr("203.0.113.7"), HasSubstr("IDENT=first.1")));
  EXPECT_THAT(commands.at(5), AllOf(HasSubstr("203.0.113.8"), HasSubstr("IDENT=second.1")));
}

TEST_F(XforwardDialogue, IsNotSaidWhereTheSettingsSayNone) {
  ScriptedUpstream upstream(offering());
  UpstreamSettings settings = settings_for(upstream.port());
  settings.forward_client = ForwardClient::none;
  auto over = connect(settings).value();
  EXPECT_EQ(message(*over), "accepted");
  EXPECT_EQ(xforwards(upstream), 0U);
}

TEST_F(XforwardDialogue, LosesNoMailWhenItIsRefusedAndIsNotTriedAgain) {
  for (const bool pipelining : {true, false}) {
    for (const char* refusal : {"550 5.7.0 not you", "501 5.5.4 Bad", "451 4.3.0 later"}) {
      ScriptedUpstream upstream(offering(pipelining));
      upstream.on("*", {step::reply(refusal)});
      auto over = connect(upstream).value();
      EXPECT_EQ(message(*over), "accepted") << refusal;
      EXPECT_EQ(message(*over), "accepted") << refusal;
      EXPECT_EQ(xforwards(upstream), 1U);
      EXPECT_EQ(over->forward_refused(), refusal);
      EXPECT_TRUE(over->reusable());
    }
  }
}

TEST_F(XforwardDialogue, DoesNotMakeARefusedMailAnAcceptedOne) {
  ScriptedUpstream upstream(offering());
  upstream.on("*", {step::reply("250 2.0.0 Ok")}, 1);
  upstream.on("*", {step::reply("550 5.7.0 not you")});
  upstream.on("MAIL", {step::reply("451 4.7.1 come later")}, 1);
  upstream.on("RCPT", {step::reply("503 5.5.1 MAIL first")}, 1);
  auto over = connect(upstream).value();
  EXPECT_EQ(message(*over), "MAIL: 451 4.7.1 come later");
  // The client of the message before is no longer the one of this: neither mail nor log may say so.
  EXPECT_THAT(message(*over), HasSubstr("error: XFORWARD was answered with: 550 5.7.0 not you"));
  EXPECT_FALSE(over->in_step());
  EXPECT_EQ(upstream.final_dots(), 0U);
}

TEST_F(XforwardDialogue, EndsWithTheConnectionAtA421) {
  for (const bool pipelining : {true, false}) {
    ScriptedUpstream upstream(offering(pipelining));
    upstream.on("*", {step::reply("421 4.3.2 bye"), step::close()});
    auto over = connect(upstream).value();
    EXPECT_EQ(message(*over), "MAIL: 421 4.3.2 bye");
    EXPECT_FALSE(over->in_step());
  }
}

TEST_F(XforwardDialogue, EndsWithTheConnectionWhenTheAnswerIsNone) {
  for (const char* answer : {"354 go on", "garbage", "199 what"}) {
    ScriptedUpstream upstream(offering());
    upstream.on("*", {step::reply(answer)});
    auto over = connect(upstream).value();
    EXPECT_THAT(message(*over), HasSubstr("error: "));
    EXPECT_FALSE(over->in_step());
    EXPECT_EQ(upstream.final_dots(), 0U);
  }
}

TEST_F(XforwardDialogue, IsLoggedOnceWhenItIsRefused) {
  ScriptedUpstream peer(offering());
  peer.on("*", {step::reply("550 5.7.0 not you")});
  const Upstreams upstreams{upstream("mta", peer)};
  for (int i = 0; i < 3; ++i) {
    auto leased = lease(upstreams);
    ASSERT_TRUE(leased);
    EXPECT_EQ(message(*leased->client), "accepted");
    pool->give_back(std::move(*leased));
  }
  EXPECT_EQ(lines("upstream_refuses_xforward"), 1U);
  EXPECT_THAT(log->kept(), ::testing::Contains(HasSubstr("550 5.7.0 not you")));
  EXPECT_THAT(peer.commands(), Each(Not(HasSubstr("RSET"))));
}

}  // namespace
}  // namespace sekisho::upstream
