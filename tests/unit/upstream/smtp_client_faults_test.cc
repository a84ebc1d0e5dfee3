// What upstreams do wrong, one a row: how far the message comes, what is reported, and that the
// connection is never used again and the dot never sent twice.
#include <gmock/gmock.h>

#include "tests/support/silent_address.h"
#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using test::Step;
using ::testing::HasSubstr;
namespace step = test::step;

struct Fault {
  std::string name;
  std::string point;
  std::vector<Step> steps;
  std::string stopped_at;  // "": the message was accepted
  int code = 0;            // of the reply that the caller gets; 0: an error
  std::string words;       // what the error or reply must say
  bool reusable = false;   // may the connection carry another message?
  bool spare = false;      // seen at once only when its two replies come in one segment
};

std::vector<Step> say(std::string_view reply) { return {step::reply(reply)}; }
std::vector<Step> say_and_close(std::string_view reply) {
  return {step::reply(reply), step::close()};
}

std::vector<Fault> faults() {
  const std::string huge = "250-" + std::string(70'000, 'x') + "\r\n250 ok";
  std::vector<Fault> all{
      // The greeting and EHLO.
      {"greeting 554", "CONNECT", say_and_close("554 5.3.2 no mail here"), "connect", 0,
       "no mail here"},
      {"greeting 421", "CONNECT", say_and_close("421 4.3.2 busy"), "connect", 0, "busy"},
      {"greeting 250", "CONNECT", say("250 hello"), "connect", 0, "250 hello"},
      {"greeting garbage", "CONNECT", say("SSH-2.0-OpenSSH_9"), "connect", 0, "SSH-2.0"},
      {"greeting absent", "CONNECT", {step::close()}, "connect", 0, "closed the connection"},
      {"greeting reset", "CONNECT", {step::reset()}, "connect", 0, ""},
      {"greeting cut", "CONNECT", {step::bytes("220 up"), step::close()}, "connect", 0, "closed"},
      {"two greetings", "CONNECT", say("220 a\r\n220 b"), "connect", 0, "more than it was asked",
       false, true},
      {"EHLO 421", "EHLO", say_and_close("421 4.3.2 later"), "connect", 0, "later"},
      {"EHLO 451", "EHLO", say("451 4.3.0 later"), "connect", 0, "later"},
      {"EHLO and HELO 550", "EHLO", say("550 5.7.1 go away"), "", 250, "ok", true},
      {"EHLO 354", "EHLO", say("354 what"), "connect", 0, "354 what"},
      {"EHLO then a spare reply", "EHLO", say("250 a\r\n250 b"), "connect", 0,
       "more than it was asked", false, true},
      // MAIL.
      {"MAIL 550", "MAIL", say("550 5.7.1 not you"), "MAIL", 550, "5.7.1 not you"},
      {"MAIL 451", "MAIL", say("451 4.7.1 greylisted"), "MAIL", 451, "greylisted"},
      {"MAIL 421", "MAIL", say_and_close("421 4.3.2 bye"), "MAIL", 421, "bye"},
      {"MAIL 421 without a word about RCPT",
       "MAIL",
       {step::reply("421 4.3.2 bye"), step::hold()},
       "MAIL",
       421,
       "bye"},
      {"MAIL close",
       "MAIL",
       {step::close()},
       "MAIL",
       0,
       "closed the connection instead of answering MAIL"},
      {"MAIL reset", "MAIL", {step::reset()}, "MAIL", 0, ""},
      {"MAIL garbage", "MAIL", say("hello?"), "MAIL", 0, "hello?"},
      {"MAIL 354", "MAIL", say("354 go ahead"), "MAIL", 0, "354 go ahead"},
      {"MAIL huge", "MAIL", say(huge), "MAIL", 0, "longer than"},
      {"MAIL code changes", "MAIL", say("250-ok\r\n550 no"), "MAIL", 0, "two codes"},
      {"MAIL cut", "MAIL", {step::bytes("250-ok\r\n25"), step::close()}, "MAIL", 0, "closed"},
      // RCPT, pipelined with MAIL.
      {"RCPT 550", "RCPT", say("550 5.1.1 no such user"), "RCPT", 550, "no such user"},
      {"RCPT 452", "RCPT", say("452 4.2.2 full"), "RCPT", 452, "full"},
      {"RCPT multi-line", "RCPT", say("550-5.1.1 no\r\n550 5.1.1 such user"), "RCPT", 550,
       "such user"},
      {"RCPT 421", "RCPT", say_and_close("421 4.3.2 bye"), "RCPT", 421, "bye"},
      {"RCPT close", "RCPT", {step::close()}, "MAIL", 0, "instead of answering RCPT"},
      {"RCPT garbage", "RCPT", say("!"), "MAIL", 0, "!"},
      {"RCPT 354", "RCPT", say("354 go"), "MAIL", 0, "354 go"},
      {"RCPT answered twice", "RCPT", say("250 ok\r\n250 ok"), "DATA", 0, "more than it was asked",
       false, true},
      // DATA.
      {"DATA 554", "DATA", say("554 5.5.1 no valid recipients"), "DATA", 554,
       "no valid recipients"},
      {"DATA 451", "DATA", say("451 4.3.0 later"), "DATA", 451, "later"},
      {"DATA 421", "DATA", say_and_close("421 4.3.2 bye"), "DATA", 421, "bye"},
      {"DATA 250", "DATA", say("250 2.0.0 queued"), "DATA", 0, "250 2.0.0 queued"},
      {"DATA 334", "DATA", say("334 challenge"), "DATA", 0, "334 challenge"},
      {"DATA 354 and the 250 at once", "DATA", say("354 go\r\n250 2.0.0 queued"), "DATA", 0,
       "more than it was asked", false, true},
      {"DATA close", "DATA", {step::close()}, "DATA", 0, "instead of answering DATA"},
      {"DATA cut", "DATA", {step::bytes("354"), step::close()}, "DATA", 0, "closed"},
      {"DATA garbage", "DATA", say("go ahead"), "DATA", 0, "go ahead"},
      {"DATA reset", "DATA", {step::reset()}, "DATA", 0, ""},
      // The final dot.
      {"dot 550", ".", say("550 5.7.1 spam"), "dot", 550, "5.7.1 spam", true},
      {"dot 552", ".", say("552 5.3.4 too big"), "dot", 552, "too big", true},
      {"dot 451", ".", say("451 4.3.0 disk full"), "dot", 451, "disk full", true},
      {"dot 421", ".", say_and_close("421 4.3.2 bye"), "dot", 421, "bye"},
      {"dot 250 without an enhanced code", ".", say("250 ok"), "", 250, "250 ok", true},
      {"dot 250 in three lines", ".", say("250-2.0.0 a\r\n250-2.0.0 b\r\n250 2.0.0 c"), "", 250,
       "c", true},
      {"dot 252", ".", say("252 2.0.0 perhaps"), "", 250, "perhaps", true},
      {"dot 250 and a spare reply", ".", say("250 ok\r\n550 5.7.1 no, wait"), "", 250, "250 ok",
       false, true},
      {"dot 550 and a spare 250", ".", say("550 5.7.1 no\r\n250 ok"), "dot", 550, "5.7.1 no", false,
       true},
      {"dot 354", ".", say("354 more?"), "dot", 0, "354 more?"},
      {"dot 150", ".", say("150 wait"), "dot", 0, "150 wait"},
      {"dot garbage", ".", say("queued, thanks"), "dot", 0, "queued, thanks"},
      {"dot close", ".", {step::close()}, "dot", 0, "instead of answering the final dot"},
      {"dot reset", ".", {step::reset()}, "dot", 0, ""},
      {"dot cut after the code", ".", {step::bytes("250"), step::close()}, "dot", 0, "closed"},
      {"dot cut before the CRLF",
       ".",
       {step::bytes("250 2.0.0 ok"), step::close()},
       "dot",
       0,
       "closed"},
      {"dot cut in a multi-line reply",
       ".",
       {step::bytes("250-ok\r\n"), step::close()},
       "dot",
       0,
       "closed"},
      {"dot huge", ".", say(huge), "dot", 0, "longer than"},
      {"dot code changes", ".", say("250-ok\r\n550 no"), "dot", 0, "two codes"},
      {"dot 250 then close", ".", say_and_close("250 2.0.0 ok"), "", 250, "ok", true},
  };
  return all;
}

struct Faults : UpstreamFixture, ::testing::WithParamInterface<bool> {};

TEST_P(Faults, AreReportedAndTheConnectionIsNotUsedAgain) {
  const bool trickle = GetParam();
  for (const Fault& fault : faults()) {
    if (trickle && fault.spare) continue;
    SCOPED_TRACE(fault.name + (trickle ? ", byte by byte" : ""));
    ScriptedUpstream upstream({.trickle = trickle});
    upstream.on(fault.point, fault.steps);
    const Journey journey = deliver(settings_for(upstream.port()));
    EXPECT_EQ(journey.stopped_at, fault.stopped_at) << journey.words;
    if (!fault.stopped_at.empty()) EXPECT_EQ(journey.code, fault.code) << journey.words;
    EXPECT_THAT(journey.words, HasSubstr(fault.words));
    if (last && fault.name != "MAIL 550" && fault.name != "MAIL 451")
      EXPECT_EQ(last->reusable(), fault.reusable);
    last.reset();
    EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }));
    EXPECT_EQ(upstream.final_dots(), fault.point == "." || fault.stopped_at.empty() ? 1U : 0U);
    EXPECT_EQ(upstream.connections(), 1U) << "nothing is tried again";
  }
}

INSTANTIATE_TEST_SUITE_P(Whole, Faults, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(ByteByByte, Faults, ::testing::Values(true));

struct SmtpClientFaults : UpstreamFixture {};

TEST_F(SmtpClientFaults, AcceptNothingFromASpareReplyWhereverItIsCut) {
  for (const std::string_view point : {"CONNECT", "EHLO", "MAIL", "RCPT"}) {
    ScriptedUpstream upstream({.trickle = true});
    const std::string first = point == "CONNECT" ? "220" : "250";
    upstream.on(point, {step::reply(first + " ok\r\n250 2.0.0 queued")});
    upstream.on(".", {step::reply("554 5.7.1 no")});
    const Journey journey = deliver(settings_for(upstream.port()));
    EXPECT_NE(journey.stopped_at, "") << point;
    if (last) EXPECT_TRUE(!last->reusable() || last->stale()) << point;
    last.reset();
  }
}

TEST_F(SmtpClientFaults, GivesUpOnSilenceAtEveryPoint) {
  struct Case {
    std::string point;
    std::string stopped_at;
  };
  const std::vector<Case> cases{{"CONNECT", "connect"}, {"EHLO", "connect"}, {"MAIL", "MAIL"},
                                {"RCPT", "MAIL"},       {"DATA", "DATA"},    {".", "dot"}};
  for (const Case& one : cases) {
    for (const bool half_a_reply : {false, true}) {
      SCOPED_TRACE(one.point);
      ScriptedUpstream upstream;
      if (half_a_reply)
        upstream.on(one.point, {step::bytes("250-wait\r\n25"), step::hold()});
      else
        upstream.on(one.point, {step::hold()});
      UpstreamSettings settings = settings_for(upstream.port());
      settings.greeting_timeout = settings.command_timeout = settings.final_timeout = 40ms;
      const Journey journey = deliver(settings);
      EXPECT_EQ(journey.stopped_at, one.stopped_at);
      EXPECT_EQ(journey.error.kind, ErrorKind::timeout) << journey.words;
      if (last) EXPECT_FALSE(last->reusable());
      last.reset();
    }
  }
}

TEST_F(SmtpClientFaults, NeverWaitsForAnUpstreamThatTakesNoText) {
  ScriptedUpstream upstream;
  upstream.on("BODY", {step::hold()});
  UpstreamSettings settings = settings_for(upstream.port());
  settings.data_timeout = 50ms;
  const Journey journey = deliver(settings, std::string(30'000'000, 'x'));
  EXPECT_EQ(journey.stopped_at, "text");
  EXPECT_EQ(journey.error.kind, ErrorKind::timeout);
  EXPECT_FALSE(last->reusable());
  EXPECT_EQ(upstream.final_dots(), 0U);
}

TEST_F(SmtpClientFaults, ReportsTheWordsOfAnUpstreamThatRefusesInTheMiddle) {
  for (const std::string_view reply : {"552 5.3.4 too big for me", "421 4.3.2 too big for me"}) {
    for (const Step& then : {step::hold(), step::close(), step::reset()}) {
      ScriptedUpstream upstream;
      upstream.on("BODY", {step::read(1), step::reply(reply), step::wait(), then});
      auto client = connect(upstream).value();
      (void)run(open_transaction(*client));
      ASSERT_EQ(run(client->data()).value().code, 354);
      const std::string block(70'000, 'x');
      ASSERT_TRUE(run(client->send(block)));
      const auto deadline = Clock::now() + 10s;
      while (!client->stale() && Clock::now() < deadline) std::this_thread::yield();
      upstream.release();
      const auto sent = run(client->send(block + block));
      ASSERT_FALSE(sent) << "only the answer to the dot is an answer to the message";
      EXPECT_THAT(sent.error().text, HasSubstr("too big for me"));
      EXPECT_FALSE(client->reusable());
      EXPECT_FALSE(run(client->finish())) << "no dot after that";
      client.reset();
      EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }));
      EXPECT_EQ(upstream.final_dots(), 0U);
    }
  }
}

TEST_F(SmtpClientFaults, ReportsTheWordsThatCutAWriteShort) {
  for (const Step& then : {step::hold(), step::close(), step::reset()}) {
    ScriptedUpstream upstream;
    upstream.on("BODY", {step::read(100'000), step::reply("552 5.3.4 too big for me"), then});
    // An upstream that refuses and reads no further is not waited for.
    UpstreamSettings settings = settings_for(upstream.port());
    settings.data_timeout = 1h;
    const Journey journey = deliver(settings, std::string(30'000'000, 'x') + "\r\n");
    EXPECT_EQ(journey.stopped_at, "text");
    EXPECT_EQ(journey.code, 0) << journey.words;
    EXPECT_THAT(journey.words, HasSubstr("too big for me"));
    EXPECT_FALSE(last->reusable());
    last.reset();
    EXPECT_EQ(upstream.final_dots(), 0U);
  }
}

TEST_F(SmtpClientFaults, TakesNoReplyFromBeforeTheDotForTheAnswerToIt) {
  ScriptedUpstream upstream;
  upstream.on("BODY", {step::wait(), step::reply("250 2.0.0 queued"), step::wait()});
  auto client = connect(upstream).value();
  (void)run(open_transaction(*client));
  ASSERT_EQ(run(client->data()).value().code, 354);
  upstream.release();
  const auto deadline = Clock::now() + 10s;
  while (!client->stale() && Clock::now() < deadline) std::this_thread::yield();
  ASSERT_TRUE(run(client->send("Subject: x\r\n\r\n")));
  const auto answer = run(client->finish());
  ASSERT_FALSE(answer) << "a 250 that came before the dot is not an acceptance";
  EXPECT_EQ(answer.error().kind, ErrorKind::protocol);
  upstream.release();
  client.reset();
  EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }));
  EXPECT_EQ(upstream.final_dots(), 0U) << "and the dot was not sent";
}

TEST_F(SmtpClientFaults, SaysHeloToAServerThatDoesNotKnowEhlo) {
  for (const std::string_view reply : {"500 5.5.1 what?", "502 5.5.1 no", "550 5.7.1 no"}) {
    ScriptedUpstream upstream;
    upstream.on("EHLO", {step::reply(reply)});
    auto client = connect(upstream);
    ASSERT_TRUE(client);
    EXPECT_EQ((*client)->capabilities(), smtp::Capabilities{});
    EXPECT_EQ(upstream.commands().back(), "HELO gateway.test");
  }
}

TEST_F(SmtpClientFaults, ReportsTheWordsOfAServerThatKnowsNeither) {
  ScriptedUpstream upstream;
  upstream.on("EHLO", {step::reply("502 5.5.1 no")});
  upstream.on("HELO", {step::reply("504 5.5.4 your name is odd")});
  const auto client = connect(upstream);
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().text, HasSubstr("your name is odd"));
}

TEST_F(SmtpClientFaults, ReadsARefusedMailAndATakenRcptAsBroken) {
  ScriptedUpstream upstream;
  upstream.on("MAIL", {step::reply("550 5.7.1 no")});
  upstream.on("RCPT", {step::reply("250 2.1.5 yes")});
  EXPECT_EQ(deliver(settings_for(upstream.port())).code, 550);
  EXPECT_FALSE(last->reusable());
}

TEST_F(SmtpClientFaults, KeepsAConnectionWhoseMailWasRefused) {
  ScriptedUpstream upstream;
  upstream.on("MAIL", {step::reply("550 5.7.1 no")}, 1);
  EXPECT_EQ(deliver(settings_for(upstream.port())).code, 550);
  EXPECT_TRUE(last->reusable());
  EXPECT_EQ(send(*last).stopped_at, "");
}

TEST_F(SmtpClientFaults, ReportsARefusedMailWhateverBecomesOfTheRcpt) {
  ScriptedUpstream upstream;
  upstream.on("MAIL", {step::reply("550 5.7.1 not you"), step::close()});
  const Journey journey = deliver(settings_for(upstream.port()));
  EXPECT_EQ(journey.code, 550);
  EXPECT_FALSE(last->reusable());
}

TEST_F(SmtpClientFaults, DoesNotPoolAfterARefusedRset) {
  for (const auto& steps :
       {std::vector<Step>{step::reply("500 5.5.1 what?")},
        std::vector<Step>{step::reply("421 4.3.2 bye")}, std::vector<Step>{step::close()},
        std::vector<Step>{step::reply("250 ok\r\n250 ok")}}) {
    ScriptedUpstream upstream;
    upstream.on("RSET", steps);
    auto client = connect(upstream).value();
    (void)run(open_transaction(*client));
    EXPECT_FALSE(run(client->reset()));
    EXPECT_FALSE(client->reusable());
  }
}

TEST_F(SmtpClientFaults, TriesTheNextAddressOfAHost) {
  // "localhost" may be ::1 first, where nobody listens.
  ScriptedUpstream upstream;
  UpstreamSettings settings = settings_for(upstream.port());
  settings.host = "localhost";
  EXPECT_EQ(deliver(settings).stopped_at, "");
}

TEST_F(SmtpClientFaults, WaitsAMomentForADeadAddressAndNotItsTimeOut) {
  ScriptedUpstream upstream;
  const test::SilentAddress dead("127.0.0.2", upstream.port());
  NameResolver names({.look_up = [](const std::string&) -> Result<NameResolver::Addresses> {
    return NameResolver::Addresses{*IpAddress::parse("127.0.0.2"), *IpAddress::parse("127.0.0.1")};
  }});
  UpstreamSettings settings = settings_for(upstream.port());
  settings.host = "mail.example.org";
  const auto made = Upstream::make("mta", settings, "gateway.test").value();
  const TimePoint begin = Clock::now();
  auto client =
      run(SmtpClient::connect(loop, names, offload, *made, nullptr, Deadline::in(20s), cancel));
  ASSERT_TRUE(client) << client.error().text;
  EXPECT_LT(Clock::now() - begin, 5s);  // of 10 s
  EXPECT_EQ(send(**client).stopped_at, "");
}

TEST_F(SmtpClientFaults, NamesEachAddressOfAHostThatDoesNotServe) {
  ScriptedUpstream upstream;
  upstream.on("CONNECT", {step::reply("554 5.3.2 not today")});
  NameResolver names({.look_up = [](const std::string&) -> Result<NameResolver::Addresses> {
    return NameResolver::Addresses{*IpAddress::parse("127.0.0.2"), *IpAddress::parse("127.0.0.1")};
  }});
  UpstreamSettings settings = settings_for(upstream.port());
  settings.host = "mail.example.org";
  const auto made = Upstream::make("mta", settings, "gateway.test").value();
  const auto client =
      run(SmtpClient::connect(loop, names, offload, *made, nullptr, Deadline::in(20s), cancel));
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().text, HasSubstr("127.0.0.2"));
  EXPECT_THAT(client.error().text, HasSubstr("127.0.0.1"));
  EXPECT_THAT(client.error().text, HasSubstr("not today"));
}

TEST_F(SmtpClientFaults, NamesTheAddressThatRefusesConnections) {
  std::uint16_t port = 0;
  {
    const ScriptedUpstream upstream;
    port = upstream.port();
  }
  const auto client = connect(settings_for(port));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(client.error().text, HasSubstr("127.0.0.1:" + std::to_string(port)));
}

TEST_F(SmtpClientFaults, EndsConnectingAtTheDeadlineOfItsCaller) {
  ScriptedUpstream upstream;
  upstream.on("EHLO", {step::hold()});
  const auto client = connect(settings_for(upstream.port()), Deadline::in(50ms));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, ErrorKind::timeout);
}

}  // namespace
}  // namespace sekisho::upstream
