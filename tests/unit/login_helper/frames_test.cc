#include "gateway/login_helper/frames.h"

#include <gtest/gtest.h>

namespace sekisho::login {
namespace {

TEST(Frames, AQuestionArrivesAsItWasAsked) {
  const std::string password("p\0\xff w", 5);
  const auto frame = encode(Question{"alice", Secret(password), "192.0.2.1"});
  ASSERT_TRUE(frame);
  const auto question = decode_question(frame->reveal());
  ASSERT_TRUE(question);
  EXPECT_EQ(question->user, "alice");
  EXPECT_EQ(question->password.reveal(), password);
  EXPECT_EQ(question->client, "192.0.2.1");
}

TEST(Frames, AnAnswerArrivesAsItWasGiven) {
  for (const Outcome outcome : {Outcome::right, Outcome::wrong, Outcome::unavailable}) {
    const auto frame = encode(Answer{outcome, "why"});
    ASSERT_TRUE(frame);
    const auto answer = decode_answer(frame->reveal());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->outcome, outcome);
    EXPECT_EQ(answer->reason, "why");
  }
}

TEST(Frames, NothingCutShortIsAFrame) {
  const auto frame = encode(Question{"alice", Secret("secret"), "192.0.2.1"});
  ASSERT_TRUE(frame);
  const std::string_view whole = frame->reveal();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_question(whole.substr(0, size))) << size;
}

TEST(Frames, NothingWithMoreBehindItIsAFrame) {
  const auto frame = encode(Answer{Outcome::right, ""});
  ASSERT_TRUE(frame);
  EXPECT_FALSE(decode_answer(std::string(frame->reveal()) + '\0'));
  EXPECT_FALSE(decode_answer(std::string(frame->reveal()) + std::string(2, '\0')));
}

TEST(Frames, AnAnswerOfNoKnownWordIsNone) {
  const auto frame = encode_fields({"Right", ""});
  ASSERT_TRUE(frame);
  EXPECT_FALSE(decode_answer(frame->reveal()));
}

TEST(Frames, WhatDoesNotFitIsNotEncoded) {
  EXPECT_FALSE(encode(Question{"alice", Secret(std::string(0x10000, 'x')), ""}));
  EXPECT_FALSE(encode_fields({std::string(30'000, 'x'), std::string(30'000, 'x')}));
  EXPECT_TRUE(encode_fields({std::string(29'000, 'x'), std::string(30'000, 'x')}));
}

}  // namespace
}  // namespace sekisho::login
