#include "gateway/recipient_answers.h"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

using smtp::Reply;

TEST(RecipientAnswers, TheAnswerToTheMessageReplacesThatToRcptOfTheAcceptedOnes) {
  RecipientAnswers answers;
  const Reply ok = Reply::of(250, "2.1.5", "ok");
  answers.add(*smtp::parse_mailbox("a@example.com"), ok, "main");
  answers.add(*smtp::parse_mailbox("b@example.com"), Reply::of(550, "5.1.1", "nobody"), "main");
  answers.add(*smtp::parse_mailbox("c@example.com"), ok, "spare");
  const auto all =
      answers.take({Reply::of(250, "2.0.0", "queued"), Reply::of(452, "4.2.2", "full")});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].reply.lines.front(), "queued");
  EXPECT_EQ(all[1].reply.code, 550);
  EXPECT_EQ(all[2].reply.code, 452);
  EXPECT_EQ(all[2].upstream, "spare");
}

TEST(RecipientAnswers, OfAMessageThatDidNotGoUpTheAnswersToRcptStand) {
  RecipientAnswers answers;
  answers.add(*smtp::parse_mailbox("a@example.com"), Reply::of(250, "2.1.5", "ok"), "main");
  const auto all = answers.take({});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].reply.code, 250);
}

TEST(RecipientAnswers, AClientThatGuessesNamesFillsNoMemory) {
  RecipientAnswers answers;
  const auto nobody = Reply::of(550, "5.1.1", "nobody");
  for (std::size_t i = 0; i < RecipientAnswers::kMax + 10; ++i)
    answers.add(*smtp::parse_mailbox("a@example.com"), nobody, "main");
  EXPECT_EQ(answers.take({}).size(), RecipientAnswers::kMax);
}

}  // namespace
}  // namespace sekisho
