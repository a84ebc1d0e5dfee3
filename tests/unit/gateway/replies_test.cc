// The upstream's answers as the client reads them.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/unit/gateway/delivery_fixture.h"

namespace sekisho {
namespace {

using smtp::Reply;
using test::ScriptedUpstream;
namespace step = test::step;

// The reply on the wire, as the upstream's parser takes it.
Reply upstream_said(std::string_view wire) {
  smtp::ReplyParser parser;
  EXPECT_TRUE(parser.feed(wire));
  EXPECT_TRUE(parser.complete()) << wire;
  return parser.take();
}

std::string for_client(std::string_view wire, std::string_view detail = "1.5") {
  return to_client(upstream_said(wire), detail).wire();
}

TEST(ToClient, KeepsCodeAndWordsOfTheUpstream) {
  for (const std::string same :
       {"250 2.1.5 ok\r\n", "550 5.1.1 no such user\r\n", "451 4.7.1 greylisted\r\n",
        "452 4.2.2 full\r\n", "552 5.3.4 too big\r\n",
        "550-5.7.1 first\r\n550-5.7.1 second\r\n550 5.7.1 third\r\n"})
    EXPECT_EQ(for_client(same), same);
}

TEST(ToClient, AddsAnEnhancedCodeWhereThereIsNone) {
  EXPECT_EQ(for_client("250 ok\r\n"), "250 2.1.5 ok\r\n");
  EXPECT_EQ(for_client("554-spam\r\n554 really\r\n", "0.0"),
            "554-5.0.0 spam\r\n554 5.0.0 really\r\n");
}

TEST(ToClient, AddsTheEnhancedCodeThatFitsTheReplyCode) {
  struct Case {
    std::string_view said;
    std::string_view read;
  };
  for (const auto& [said, read] : std::vector<Case>{
           {"450 x", "450 4.2.0 x"},
           {"451 x", "451 4.3.0 x"},
           {"452 x", "452 4.3.1 x"},
           {"454 x", "454 4.0.0 x"},
           {"455 x", "455 4.5.4 x"},
           {"501 x", "501 5.0.0 x"},
           {"550 x", "550 5.0.0 x"},
           {"551 x", "551 5.1.6 x"},
           {"552 x", "552 5.2.2 x"},
           {"553 x", "553 5.1.3 x"},
           {"554 x", "554 5.0.0 x"},
           {"555 x", "555 5.5.4 x"},
           {"556 x", "556 5.1.10 x"},
           {"550 5.7.1", "550 5.7.1 "},
           {"550 5.1", "550 5.0.0 5.1"},
           {"450 5.1.1 x", "450 4.1.1 x"},  // the reply code rules
           {"550 2.0.0 x", "550 5.0.0 2.0.0 x"},
           {"550", "550 5.0.0 "},
       })
    EXPECT_EQ(for_client(std::string(said) + "\r\n", "0.0"), std::string(read) + "\r\n");
}

TEST(ToClient, SetsAnEnhancedCodeOfAnotherClassRight) {
  Reply of_two_minds = Reply::plain(550, "no");
  of_two_minds.enhanced = smtp::EnhancedCode::parse("2.1.5");
  EXPECT_EQ(to_client(of_two_minds, "0.0").wire(), "550 5.0.0 no\r\n");
  of_two_minds = Reply::plain(450, "later");
  of_two_minds.enhanced = smtp::EnhancedCode::parse("5.7.1");
  EXPECT_EQ(to_client(of_two_minds, "0.0").wire(), "450 4.2.0 later\r\n");
}

TEST(ToClient, WhatSpeaksOfTheTwoServersIsTemporaryForTheClient) {
  for (const int code : {421, 500, 502, 503, 504, 530, 534, 535, 538}) {
    const std::string number = std::to_string(code);
    EXPECT_EQ(for_client(number + " 5.5.1 Must not\r\n"),
              "451 4.3.0 the mail server behind this gateway said: " + number + " Must not\r\n");
  }
}

TEST(ToClient, WhatTheMailWasRefusedForStaysPermanent) {
  for (const int code : {501, 521, 550, 551, 552, 553, 554, 555, 556})
    EXPECT_EQ(to_client(Reply::of(code, "5.0.0", "no"), "0.0").code, code);
}

TEST(ToClient, ACodeThatFitsNothingIsTemporary) {
  EXPECT_EQ(to_client(Reply::plain(354, "go ahead"), "0.0").wire(),
            "451 4.3.0 the mail server behind this gateway said: 354 go ahead\r\n");
}

TEST(ToClient, KeepsTheLinesOfWhatItMakesTemporary) {
  EXPECT_EQ(for_client("530-5.7.0 log\r\n530 5.7.0 in\r\n"),
            "451-4.3.0 the mail server behind this gateway said: 530 log\r\n451 4.3.0 in\r\n");
}

TEST(ToClient, PassesNoControlByteOn) {
  Reply hostile = Reply::of(550, "5.1.1", "a\r\n250 2.0.0 ok\x1b[2J\x7f");
  hostile.lines.emplace_back("\xff\x01\t");
  const Reply clean = to_client(hostile, "0.0");
  EXPECT_EQ(clean.lines.at(0), "a??250 2.0.0 ok?[2J?");
  EXPECT_EQ(clean.lines.at(1), "???");
}

struct FinalReply : DeliveryFixture {
  // The reply to a message that the upstream accepted with these words.
  std::string for_acceptance(std::string_view words) {
    ScriptedUpstream peer;
    peer.on(".", {step::reply(words)});
    upstreams = {upstream("a", peer)};
    Delivery delivery(*pool, cancel);
    add(delivery, "bob@example.com");
    auto outcome = run(delivery.hand_over(envelope, std::string(kHeader), body, patience()));
    return final_reply(std::get<Acceptances>(outcome), "s.1").wire();
  }
};

TEST_F(FinalReply, NamesOurIdAndGivesTheUpstreamsWords) {
  EXPECT_EQ(for_acceptance("250 2.0.0 Ok: queued as 4F"),
            "250-2.0.0 queued as s.1\r\n250 2.0.0 Ok: queued as 4F\r\n");
}

TEST_F(FinalReply, Is250WhateverPositiveCodeTheUpstreamChose) {
  EXPECT_EQ(for_acceptance("252-2.6.0 one\r\n252 2.6.0 two"),
            "250-2.0.0 queued as s.1\r\n250-2.0.0 one\r\n250 2.0.0 two\r\n");
}

TEST_F(FinalReply, PassesNoControlByteOn) {
  EXPECT_EQ(for_acceptance("250 ok \x1b[2J\x80"),
            "250-2.0.0 queued as s.1\r\n250 2.0.0 ok ?[2J?\r\n");
}

}  // namespace
}  // namespace sekisho
