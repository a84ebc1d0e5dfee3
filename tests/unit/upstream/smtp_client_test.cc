// What SmtpClient says, and when it has a connection that may be used again.
#include "gateway/upstream/smtp_client.h"

#include <gmock/gmock.h>

#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace step = test::step;
using namespace std::string_view_literals;

struct SmtpClientTest : UpstreamFixture {};

TEST_F(SmtpClientTest, HandsAMessageOver) {
  ScriptedUpstream upstream;
  const Journey journey = deliver(settings_for(upstream.port()), "Subject: x\r\n\r\n.dot\r\n");
  EXPECT_EQ(journey.stopped_at, "") << journey.words;
  const auto messages = upstream.messages();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].mail, "MAIL FROM:<sender@example.org>");
  EXPECT_THAT(messages[0].rcpts, ElementsAre("RCPT TO:<rcpt@example.net>"));
  EXPECT_EQ(messages[0].data, "Subject: x\r\n\r\n..dot\r\n");
  EXPECT_EQ(upstream.final_dots(), 1U);
  EXPECT_TRUE(last->reusable());
  EXPECT_FALSE(last->stale());
  EXPECT_EQ(last->messages(), 1);
}

TEST_F(SmtpClientTest, SendsMailAndRcptInOneFlightWhereThatIsOffered) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  const auto replies = run(open_transaction(*client));
  ASSERT_TRUE(replies);
  EXPECT_THAT(upstream.flights(),
              ElementsAre("EHLO gateway.test\r\n",
                          "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n"));
}

TEST_F(SmtpClientTest, SendsMailAndRcptOneByOneWhereItIsNot) {
  ScriptedUpstream upstream({.extensions = {"SIZE"}});
  auto client = connect(upstream).value();
  const auto replies = run(open_transaction(*client));
  ASSERT_TRUE(replies);
  EXPECT_THAT(upstream.flights(),
              ElementsAre("EHLO gateway.test\r\n", "MAIL FROM:<a@example.org>\r\n",
                          "RCPT TO:<b@example.net>\r\n"));
}

TEST_F(SmtpClientTest, DoesNotNameARecipientToAnUpstreamThatRefusedTheSender) {
  ScriptedUpstream upstream({.extensions = {}});
  upstream.on("MAIL", {step::reply("550 5.7.1 not you")});
  auto client = connect(upstream).value();
  const auto replies = run(open_transaction(*client));
  ASSERT_TRUE(replies);
  EXPECT_EQ(replies->mail.code, 550);
  EXPECT_THAT(upstream.commands(), ElementsAre("EHLO gateway.test", "MAIL FROM:<a@example.org>"));
  EXPECT_TRUE(client->reusable());
}

struct MailCase {
  std::vector<std::string> extensions;
  mail::Envelope envelope;
  std::string line;
};

mail::Envelope with(std::string_view sender, smtp::MailParameters parameters) {
  mail::Envelope envelope = envelope_from(sender);
  envelope.parameters = std::move(parameters);
  return envelope;
}

TEST_F(SmtpClientTest, SendsOnlyTheParametersThatTheUpstreamKnows) {
  const smtp::MailParameters all{
      .size = 1234, .body = smtp::Body::eight_bit_mime, .auth = "someone@example.org"};
  const std::vector<MailCase> cases{
      {{"SIZE", "8BITMIME"},
       with("a@b.example", all),
       "MAIL FROM:<a@b.example> SIZE=1234 BODY=8BITMIME"},
      {{"SIZE 99", "AUTH PLAIN"}, with("a@b.example", all), "MAIL FROM:<a@b.example> SIZE=1234"},
      {{"8BITMIME"}, with("a@b.example", all), "MAIL FROM:<a@b.example> BODY=8BITMIME"},
      {{}, with("a@b.example", all), "MAIL FROM:<a@b.example>"},
      {{"SIZE", "8BITMIME"}, with("a@b.example", {}), "MAIL FROM:<a@b.example>"},
      {{"SIZE", "8BITMIME"}, with("", {}), "MAIL FROM:<>"},
      {{"PIPELINING"}, with("\"john doe\"@b.example", {}), "MAIL FROM:<\"john doe\"@b.example>"},
      {{"PIPELINING"}, with("a@[192.0.2.1]", {}), "MAIL FROM:<a@[192.0.2.1]>"},
  };
  for (const MailCase& one : cases) {
    ScriptedUpstream upstream({.extensions = one.extensions});
    auto client = connect(upstream).value();
    const Recipient recipient = grant_for("x@example.net");
    ASSERT_TRUE(run(client->mail_and_rcpts(one.envelope, {&recipient})));
    EXPECT_EQ(upstream.commands().at(1), one.line);
  }
}

TEST_F(SmtpClientTest, NeverWritesAControlByteIntoACommand) {
  for (const std::string_view local : {"a\r\nDATA"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, "a\tb"sv,
                                       "a\x7f"
                                       "b"sv,
                                       "\xc3\xa4"sv}) {
    ScriptedUpstream upstream;
    auto client = connect(upstream).value();
    mail::Envelope envelope;
    envelope.sender = smtp::Mailbox{.local = std::string(local), .domain = "b.example"};
    const Recipient recipient = grant_for("x@example.net");
    (void)run(client->mail_and_rcpts(envelope, {&recipient}));
    // Made harmless or refused: in no case a command more than meant, or a byte that ends one.
    const auto commands = upstream.commands();
    EXPECT_TRUE(commands.size() == 1 || commands.size() == 3) << commands.size();
    for (const std::string& line : commands)
      for (const char c : line) EXPECT_TRUE(c >= ' ' && c < '\x7f') << line;
    if (commands.size() == 3) EXPECT_EQ(commands[2], "RCPT TO:<x@example.net>");
  }
}

TEST_F(SmtpClientTest, AsksAboutEachRecipient) {
  ScriptedUpstream upstream;
  upstream.on("RCPT", {step::reply("250 2.1.5 ok")}, 1);
  upstream.on("RCPT", {step::reply("550 5.1.1 no such user")}, 1);
  upstream.on("RCPT", {step::reply("452 4.2.2 full")}, 1);
  auto client = connect(upstream).value();
  EXPECT_EQ(run(open_transaction(*client)).value().rcpts.at(0).code, 250);
  const auto others = run(add_recipients(*client, {"2@example.net", "3@example.net"})).value();
  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(others[0].code, 550);
  EXPECT_EQ(others[1].code, 452);
  EXPECT_EQ(run(add_recipients(*client, {"4@example.net"})).value().at(0).code, 250);
  EXPECT_FALSE(client->reusable()) << "a transaction is open";
  EXPECT_TRUE(run(client->reset()));
  EXPECT_TRUE(client->reusable());
  EXPECT_EQ(upstream.commands().back(), "RSET");
}

TEST_F(SmtpClientTest, CarriesOneMessageAfterTheOther) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send(*client).stopped_at, "");
  EXPECT_EQ(client->messages(), 5);
  EXPECT_EQ(upstream.connections(), 1U);
  EXPECT_EQ(upstream.messages().size(), 5U);
}

TEST_F(SmtpClientTest, SendsASmallMessageTogetherWithItsDot) {
  ScriptedUpstream upstream;
  upstream.on("DATA", {step::reply("354 go"), step::wait()});
  auto client = connect(upstream).value();
  auto opened = run(open_transaction(*client));
  ASSERT_EQ(run(client->data()).value().code, 354);
  ASSERT_TRUE(run(client->send("Subject: x\r\n\r\n")));
  ASSERT_TRUE(run(client->send(std::string(60'000, 'x') + "\r\n")));
  upstream.release();
  EXPECT_EQ(upstream.body_bytes(), 0U) << "nothing went out before the dot";
  ASSERT_TRUE(run(client->finish()));
  EXPECT_EQ(upstream.messages().at(0).data.size(), 14U + 60'002U);
}

TEST_F(SmtpClientTest, SendsEveryByteOfALargeMessageInAnySlices) {
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i)
    text +=
        (i % 7 == 0 ? "." : "line ") + std::string(static_cast<std::size_t>(i % 90), 'a') + "\r\n";
  std::string stuffed;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at) + 2;
    if (text[at] == '.') stuffed += '.';
    stuffed += text.substr(at, end - at);
    at = end;
  }
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  for (const std::size_t slice : {std::size_t{997}, std::size_t{65'537}, text.size()}) {
    const auto sent = run([](UpstreamFixture&, SmtpClient& to, const std::string& bytes,
                             std::size_t size) -> Task<Result<std::vector<SmtpClient::Answer>>> {
      (void)co_await open_transaction(to);
      (void)co_await to.data();
      for (std::size_t at = 0; at < bytes.size(); at += size)
        if (auto one = co_await to.send(std::string_view(bytes).substr(at, size)); !one)
          co_return std::unexpected(one.error());
      co_return co_await to.finish();
    }(*this, *client, text, slice));
    ASSERT_TRUE(sent) << sent.error().text;
    EXPECT_TRUE(upstream.messages().back().data == stuffed) << "in slices of " << slice;
  }
}

TEST_F(SmtpClientTest, SendsEveryLineADotWithoutGrowingBeyondItsBuffer) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += ".\r\n";
  ScriptedUpstream upstream;
  EXPECT_EQ(deliver(settings_for(upstream.port()), text).stopped_at, "");
  EXPECT_EQ(upstream.messages().at(0).data.size(), 400'000U);
  EXPECT_EQ(upstream.final_dots(), 1U);
}

TEST_F(SmtpClientTest, EndsAMessageWithoutALastLineEndAndAnEmptyOne) {
  ScriptedUpstream upstream;
  EXPECT_EQ(deliver(settings_for(upstream.port()), "Subject: x").stopped_at, "");
  EXPECT_EQ(deliver(settings_for(upstream.port()), "").stopped_at, "");
  EXPECT_EQ(upstream.messages().at(0).data, "Subject: x\r\n");
  EXPECT_EQ(upstream.final_dots(), 2U);
}

TEST_F(SmtpClientTest, ReadsTheQueueIdOfTheUpstream) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"250 2.0.0 Ok: queued as 4XqK2w1Zz9z3b", "4XqK2w1Zz9z3b"},
      {"250 2.0.0 OK: queued as ABC.", "ABC"},
      {"250 OK id=1tEa2b-0003xY-2T", "1tEa2b-0003xY-2T"},
      {"250 2.0.0 4AOABCDE012345 Message accepted for delivery", "4AOABCDE012345"},
      {"250 2.0.0 1a2b3c4d Message accepted for delivery", "1a2b3c4d"},
      {"250 2.0.0 <bob@example.com> SPKTKNSqH2fRGQAAeVf/XA Saved", "SPKTKNSqH2fRGQAAeVf/XA"},
      {"250 2.0.0 <bob@example.com> Saved", ""},
      {"250 2.6.0 <x@y> [InternalId=123456, Hostname=EX1] Queued mail for delivery", "123456"},
      {"250-2.0.0 thanks\r\n250 2.0.0 queued as XYZ", "XYZ"},
      {"250 ok", ""},
      {"250 2.0.0 valid=no", ""},
      {"250 2.0.0 queued as " + std::string(65, 'a'), ""},
      {"250 2.0.0 queued as \"><script>", ""},
  };
  for (const auto& [reply, id] : cases) {
    ScriptedUpstream upstream;
    upstream.on(".", {step::reply(reply)});
    auto client = connect(upstream).value();
    const auto answer = run([](SmtpClient& to) -> Task<Result<std::vector<SmtpClient::Answer>>> {
      (void)co_await open_transaction(to);
      (void)co_await to.data();
      co_return co_await to.finish();
    }(*client));
    const auto* acceptance = std::get_if<UpstreamAcceptance>(&answer.value().front());
    ASSERT_NE(acceptance, nullptr);
    EXPECT_EQ(acceptance->queue_id(), id) << reply;
    EXPECT_EQ(acceptance->upstream(), "mta");
  }
}

TEST_F(SmtpClientTest, RefusesVerbsOutOfOrderWithoutSendingThem) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  EXPECT_FALSE(run(add_recipients(*client, {"b@example.net"})));
  EXPECT_FALSE(run(client->data()));
  EXPECT_FALSE(run(client->send("text")));
  EXPECT_FALSE(run(client->finish()));
  EXPECT_EQ(upstream.commands().size(), 1U);
  EXPECT_EQ(send(*client).stopped_at, "") << "and nothing of it sticks";
  EXPECT_FALSE(run(client->finish())) << "a second dot";
  EXPECT_FALSE(run(client->send("more")));
  EXPECT_EQ(upstream.final_dots(), 1U);
}

TEST_F(SmtpClientTest, NeverEndsAMessageByGoingAway) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  (void)run(open_transaction(*client));
  ASSERT_TRUE(run(client->data()));
  ASSERT_TRUE(run(client->send("Subject: half\r\n" + std::string(100'000, 'x'))));
  EXPECT_FALSE(client->reusable());
  EXPECT_FALSE(run(client->reset())) << "RSET would become text of the message";
  run(client->quit());
  client.reset();
  EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }));
  EXPECT_EQ(upstream.final_dots(), 0U);
  EXPECT_TRUE(upstream.messages().empty());
  EXPECT_EQ(upstream.commands().back(), "DATA");
}

TEST_F(SmtpClientTest, SaysQuitAndCloses) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  run(client->quit());
  EXPECT_EQ(upstream.commands().back(), "QUIT");
  EXPECT_FALSE(client->reusable());
  EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }));
}

TEST_F(SmtpClientTest, SeesThatAnIdleConnectionWentStale) {
  struct Case {
    std::string_view name;
    std::vector<test::Step> after_rset;
  };
  const std::vector<Case> cases{
      {"closed", {step::reply("250 ok"), step::wait(), step::close()}},
      {"reset", {step::reply("250 ok"), step::wait(), step::reset()}},
      {"421", {step::reply("250 ok"), step::wait(), step::reply("421 4.4.2 timeout")}},
  };
  for (const Case& one : cases) {
    ScriptedUpstream upstream;
    upstream.on("RSET", one.after_rset);
    auto client = connect(upstream).value();
    (void)run(open_transaction(*client));
    ASSERT_TRUE(run(client->reset())) << one.name;
    EXPECT_FALSE(client->stale()) << one.name;
    upstream.release();
    const auto deadline = Clock::now() + 10s;
    while (!client->stale() && Clock::now() < deadline) std::this_thread::yield();
    EXPECT_TRUE(client->stale()) << one.name;
  }
}

TEST_F(SmtpClientTest, StopsWaitingWhenItIsCancelled) {
  for (const std::string_view point : {"MAIL", "RCPT", "DATA", "BODY", "."}) {
    ScriptedUpstream upstream;
    upstream.on(point, {step::hold()});
    auto client = connect(upstream).value();
    Timer timer(loop, [&] { client->cancel(); });
    timer.start(30ms);
    const Journey journey = send(*client, std::string(point == "BODY" ? 30'000'000 : 10, 'x'));
    EXPECT_EQ(journey.error.kind, ErrorKind::cancelled) << point;
    EXPECT_FALSE(client->reusable()) << point;
  }
}

TEST_F(SmtpClientTest, WritesNothingMoreOnceItIsCancelled) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  ASSERT_TRUE(run(open_transaction(*client)));
  ASSERT_TRUE(run(client->data()));
  ASSERT_TRUE(run(client->send("Subject: x\r\n")));
  client->cancel();
  const auto answer = run(client->finish());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
  auto other = connect(upstream).value();
  other->cancel();
  EXPECT_EQ(run(open_transaction(*other)).error().kind, ErrorKind::cancelled);
  run(other->quit());
  client.reset();
  EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }));
  EXPECT_EQ(upstream.final_dots(), 0U);
  EXPECT_EQ(upstream.body_bytes(), 0U);
  EXPECT_EQ(upstream.commands().back(), "EHLO gateway.test");
}

TEST_F(SmtpClientTest, EndsTheVerbThatIsUnderWayWhenItIsDestroyed) {
  for (const std::string_view point : {"MAIL", "DATA", "BODY", "."}) {
    ScriptedUpstream upstream;
    upstream.on(point, {step::hold()});
    auto client = connect(upstream).value();
    Timer timer(loop, [&] { client.reset(); });
    timer.start(30ms);
    const Journey journey = send(*client, std::string(point == "BODY" ? 30'000'000 : 10, 'x'));
    EXPECT_EQ(journey.error.kind, ErrorKind::cancelled) << point;
    // An upstream that reads nothing doesn't see the end of a message either.
    if (point != "BODY")
      EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }))
          << point;
  }
}

TEST_F(SmtpClientTest, WaitsNoLongerThanItsBound) {
  for (const std::string_view point : {"MAIL", "RCPT", "DATA", "BODY", "."}) {
    ScriptedUpstream upstream;
    upstream.on(point, {step::hold()});
    UpstreamSettings settings = settings_for(upstream.port());
    settings.command_timeout = settings.data_timeout = settings.final_timeout = 1h;
    auto client = connect(settings).value();
    client->set_bound(Deadline::in(100ms));
    const Journey journey = send(*client, std::string(point == "BODY" ? 30'000'000 : 10, 'x'));
    EXPECT_EQ(journey.error.kind, ErrorKind::timeout) << point;
    EXPECT_FALSE(client->in_step()) << point;
  }
}

TEST_F(SmtpClientTest, SendsNoDotOnceItsBoundHasPassed) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  ASSERT_TRUE(run(open_transaction(*client)));
  ASSERT_TRUE(run(client->data()));
  ASSERT_TRUE(run(client->send("Subject: x\r\n")));
  client->set_bound(Deadline::in(-1ms));
  const auto answer = run(client->finish());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  client.reset();
  EXPECT_TRUE(upstream.wait_until([](const auto& u) { return u.open_connections() == 0; }));
  EXPECT_EQ(upstream.final_dots(), 0U);
}

TEST_F(SmtpClientTest, KeepsItsOwnTimeOutsBelowABoundThatIsFarAway) {
  ScriptedUpstream upstream;
  upstream.on("MAIL", {step::hold()});
  UpstreamSettings settings = settings_for(upstream.port());
  settings.command_timeout = 40ms;
  auto client = connect(settings).value();
  client->set_bound(Deadline::in(1h));
  EXPECT_EQ(send(*client).error.kind, ErrorKind::timeout);
}

TEST_F(SmtpClientTest, StopsConnectingWhenItsCallerIsCancelled) {
  ScriptedUpstream upstream;
  upstream.on("CONNECT", {step::hold()});
  Timer timer(loop, [&] { cancel.cancel(); });
  timer.start(30ms);
  const auto client = connect(upstream);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(connect(upstream).error().kind, ErrorKind::cancelled);
}

TEST_F(SmtpClientTest, IsNotStoppedByTheCallerThatConnectedIt) {
  ScriptedUpstream upstream;
  auto client = connect(upstream).value();
  cancel.cancel();
  EXPECT_EQ(send(*client).stopped_at, "");
}

ScriptedUpstream::Options binary_options() {
  return {.extensions = {"PIPELINING", "CHUNKING", "BINARYMIME"}};
}

Task<Result<SmtpClient::MailReplies>> open_binary(SmtpClient& client) {
  const auto to = recipients_for({"b@example.net"});
  const auto envelope =
      with("a@example.org", {.size = {}, .body = smtp::Body::binary_mime, .auth = {}});
  co_return co_await client.mail_and_rcpts(envelope, pointers_to(to));
}

TEST_F(SmtpClientTest, SendsBinaryMailOctetForOctetInChunks) {
  for (const std::size_t size : {0UL, 1UL, 262'143UL, 262'144UL, 262'145UL, 600'000UL}) {
    ScriptedUpstream upstream(binary_options());
    auto client = connect(upstream).value();
    ASSERT_TRUE(run(open_binary(*client)));
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += "\r\n.\0\n\r."[i * i % 7];
    ASSERT_TRUE(client->begin_chunks());
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::string_view piece = rest.substr(0, 100'003);
      const auto sent = run(client->send(piece));
      ASSERT_TRUE(sent && !*sent);
      rest.remove_prefix(piece.size());
    }
    const auto answer = run(client->finish());
    ASSERT_TRUE(answer && answer->size() == 1 &&
                std::holds_alternative<UpstreamAcceptance>(answer->front()));
    const auto messages = upstream.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_TRUE(messages[0].in_chunks && messages[0].data == bytes) << size;
    EXPECT_EQ(messages[0].mail, "MAIL FROM:<a@example.org> BODY=BINARYMIME");
    EXPECT_TRUE(client->reusable());
    EXPECT_EQ(send(*client).stopped_at, "") << "and text goes by DATA again";
  }
}

TEST_F(SmtpClientTest, SendsNothingBehindAChunkThatWasRefused) {
  ScriptedUpstream upstream(binary_options());
  upstream.on("BDAT", {step::reply("452 4.3.1 no room")});
  auto client = connect(upstream).value();
  ASSERT_TRUE(run(open_binary(*client)));
  ASSERT_TRUE(client->begin_chunks());
  const auto refused = run(client->send(std::string(300'000, 'x')));
  ASSERT_TRUE(refused && *refused);
  EXPECT_EQ((*refused)->code, 452);
  EXPECT_FALSE(run(client->send("more")));
  EXPECT_FALSE(run(client->finish()));
  EXPECT_TRUE(run(client->reset()));
  EXPECT_EQ(upstream.final_dots(), 0U);
}

TEST_F(SmtpClientTest, TakesNoReplyToAChunkForTheAnswerToTheLastOne) {
  ScriptedUpstream upstream(binary_options());
  upstream.on("BDAT", {step::reply("250 2.0.0 chunk\r\n250 2.0.0 queued")});
  auto client = connect(upstream).value();
  ASSERT_TRUE(run(open_binary(*client)));
  ASSERT_TRUE(client->begin_chunks());
  EXPECT_FALSE(run(client->send(std::string(300'000, 'x'))));
  EXPECT_FALSE(run(client->finish()));
  EXPECT_EQ(upstream.final_dots(), 0U);
}

TEST_F(SmtpClientTest, SendsBinaryMailByNothingElse) {
  ScriptedUpstream upstream({.extensions = {"BINARYMIME"}});
  auto client = connect(upstream).value();
  ASSERT_TRUE(run(open_binary(*client)));
  EXPECT_FALSE(run(client->data()));
  EXPECT_FALSE(client->begin_chunks());
  auto text = connect(upstream).value();
  ASSERT_TRUE(run(open_transaction(*text)));
  EXPECT_FALSE(text->begin_chunks());
}

}  // namespace
}  // namespace sekisho::upstream
