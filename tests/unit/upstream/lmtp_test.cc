// LMTP (RFC 2033): its greeting, an answer for each recipient, and what becomes of answers that are
// too few or too many. Spoken over a Unix socket, as mail stores have it.
#include <gmock/gmock.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace step = test::step;

struct Lmtp : UpstreamFixture {
  test::TempDir folder;
  ScriptedUpstream store{{.socket = folder.path() / "lmtp"}};

  [[nodiscard]] UpstreamSettings settings() const {
    UpstreamSettings all = settings_for(0);
    all.host = "unix:" + (folder.path() / "lmtp").string();
    all.protocol = Protocol::lmtp;
    return all;
  }

  // A message to `recipients`, and what was said to its dot: code or "none".
  std::vector<int> send_to(std::vector<std::string> recipients) {
    auto connected = connect(settings());
    if (!connected) {
      ADD_FAILURE() << connected.error().text;
      return {};
    }
    last = std::move(*connected);
    return run(talk(*last, std::move(recipients)));
  }
  Task<std::vector<int>> talk(SmtpClient& client, std::vector<std::string> recipients) {
    (void)co_await open_transaction(client, std::move(recipients));
    auto go_ahead = co_await client.data();
    if (!go_ahead || go_ahead->code != 354) co_return std::vector<int>{-1};
    (void)co_await client.send("Subject: x\r\n\r\nhello\r\n");
    auto answers = co_await client.finish();
    std::vector<int> codes;
    if (!answers) co_return codes;
    for (const auto& answer : *answers) {
      const auto* refusal = std::get_if<smtp::Reply>(&answer);
      codes.push_back(refusal != nullptr ? refusal->code : 250);
    }
    co_return codes;
  }
};

const std::vector<std::string> kThree{"a@example.net", "b@example.net", "c@example.net"};

TEST_F(Lmtp, SaysLhloAndTakesAnAnswerForEachRecipient) {
  store.on(".", {step::reply("250 2.0.0 ok\r\n552 5.2.2 full\r\n250 2.0.0 ok")});
  EXPECT_THAT(send_to(kThree), ElementsAre(250, 552, 250));
  EXPECT_EQ(store.commands().front(), "LHLO gateway.test");
  EXPECT_TRUE(last->answers_each());
  EXPECT_TRUE(last->reusable());
  EXPECT_EQ(last->messages(), 1);
}

TEST_F(Lmtp, CountsOnlyTheRecipientsThatWereAccepted) {
  store.on("RCPT", {step::reply("250 ok")}, 1);
  store.on("RCPT", {step::reply("550 5.1.1 no such user")}, 1);
  EXPECT_THAT(send_to(kThree), ElementsAre(250, 250));
  EXPECT_TRUE(last->reusable());
}

TEST_F(Lmtp, ReadsAnswersThatComeByteByByte) {
  store.on(".", {step::trickle("250-2.0.0 ok\r\n250 2.0.0 still\r\n450 4.2.0 later\r\n")});
  EXPECT_THAT(send_to({"a@example.net", "b@example.net"}), ElementsAre(250, 450));
}

TEST_F(Lmtp, GivesTheAnswersThatCameBeforeTheConnectionWasLost) {
  store.on(".", {step::reply("250 2.0.0 ok"), step::close()});
  EXPECT_THAT(send_to(kThree), ElementsAre(250));
  EXPECT_FALSE(last->in_step());
  EXPECT_FALSE(last->reusable());
}

TEST_F(Lmtp, ExpectsNoMoreBehindA421) {
  store.on(".", {step::reply("250 2.0.0 ok\r\n421 4.3.2 going down")});
  EXPECT_THAT(send_to(kThree), ElementsAre(250, 421));
  EXPECT_FALSE(last->reusable());
}

TEST_F(Lmtp, DropsAConnectionWithMoreAnswersThanRecipients) {
  store.on(".", {step::reply("250 2.0.0 ok\r\n250 2.0.0 and another")});
  EXPECT_THAT(send_to({"a@example.net"}), ElementsAre(250));
  EXPECT_FALSE(last->reusable());
}

TEST_F(Lmtp, DoesNotFallBackToSmtpWhereItIsNotSpoken) {
  store.on("LHLO", {step::reply("500 5.5.1 what?")});
  const auto refused = connect(settings());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("LHLO was answered with: 500"));
  EXPECT_THAT(refused.error().text, HasSubstr("unix:/"));
  EXPECT_THAT(store.commands(), ElementsAre("LHLO gateway.test"));
}

TEST_F(Lmtp, TakesAnAnswerForEachRecipientAfterTheLastChunk) {
  ScriptedUpstream chunked({.extensions = {"PIPELINING", "CHUNKING", "BINARYMIME"}});
  chunked.on(".", {step::reply("250 2.0.0 ok\r\n552 5.2.2 full")});
  UpstreamSettings all = settings_for(chunked.port());
  all.protocol = Protocol::lmtp;
  auto client = connect(all).value();
  mail::Envelope envelope = envelope_from("a@example.org");
  envelope.parameters.body = smtp::Body::binary_mime;
  const auto recipients = recipients_for({"a@example.net", "b@example.net"});
  ASSERT_TRUE(run(client->mail_and_rcpts(envelope, pointers_to(recipients))));
  ASSERT_TRUE(client->begin_chunks());
  ASSERT_TRUE(run(client->send("Subject: x\r\n\r\nhello")));
  const auto answers = run(client->finish());
  ASSERT_TRUE(answers) << answers.error().text;
  ASSERT_EQ(answers->size(), 2U);
  EXPECT_TRUE(std::holds_alternative<UpstreamAcceptance>(answers->at(0)));
  EXPECT_EQ(std::get<smtp::Reply>(answers->at(1)).code, 552);
  EXPECT_TRUE(client->reusable());
}

TEST_F(Lmtp, CarriesManyMessagesOnOneConnection) {
  EXPECT_THAT(send_to(kThree), ElementsAre(250, 250, 250));
  EXPECT_THAT(run(talk(*last, {"d@example.net"})), ElementsAre(250));
  EXPECT_EQ(store.connections(), 1U);
  EXPECT_EQ(store.messages().size(), 2U);
}

}  // namespace
}  // namespace sekisho::upstream
