#include "gateway/conversation.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/memory_stream.h"

namespace sekisho {
namespace {

using smtp::Reply;
using test::MemoryStream;

struct ConversationTest : testing::Test {
  Loop loop;
  CancelSource cancel;
  MemoryStream* stream = nullptr;  // the conversation's
  Conversation conversation{loop, cancel, make_stream(), 10s};

  std::unique_ptr<ByteStream> make_stream() {
    auto made = std::make_unique<MemoryStream>(loop, cancel);
    stream = made.get();
    return made;
  }
  // The next line, or the kind of error.
  std::string line(Deadline deadline = Deadline::in(10s)) {
    return loop.run_until_done([](Conversation& from, Deadline until) -> Task<std::string> {
      auto got = co_await from.read_line(512, until);
      co_return got ? std::string(got->text) : std::string(to_string(got.error().kind));
    }(conversation, deadline));
  }
  std::string bytes() {
    return loop.run_until_done([](Conversation& from) -> Task<std::string> {
      auto got = co_await from.read_bytes(Deadline::in(10ms));
      co_return got ? std::string(*got) : std::string(to_string(got.error().kind));
    }(conversation));
  }
  void say(std::string_view text) { conversation.say(Reply::of(250, "2.0.0", text)); }
};

TEST_F(ConversationTest, SendsTheRepliesToOneFlightTogether) {
  stream->feed("ONE\r\nTWO\r\nTHREE\r\n");
  EXPECT_EQ(line(), "ONE");
  say("one");
  EXPECT_EQ(line(), "TWO");
  say("two");
  EXPECT_EQ(line(), "THREE");
  say("three");
  EXPECT_EQ(stream->written(), "");
  EXPECT_EQ(line(Deadline::in(0s)), "timeout");
  EXPECT_EQ(stream->written(), "250 2.0.0 one\r\n250 2.0.0 two\r\n250 2.0.0 three\r\n");
}

TEST_F(ConversationTest, SaysEachReplyOnce) {
  say("one");
  EXPECT_EQ(line(Deadline::in(0s)), "timeout");
  EXPECT_EQ(line(Deadline::in(0s)), "timeout");
  EXPECT_EQ(stream->written(), "250 2.0.0 one\r\n");
}

TEST_F(ConversationTest, HalfALineDoesNotHoldARepliyBack) {
  stream->feed("ONE\r\nTW");
  EXPECT_EQ(line(), "ONE");
  say("one");
  EXPECT_EQ(line(Deadline::in(0s)), "timeout");
  EXPECT_EQ(stream->written(), "250 2.0.0 one\r\n");
  stream->feed("O\r\n");
  EXPECT_EQ(line(), "TWO");
}

TEST_F(ConversationTest, AsksForAMessageBeforeItWaitsForIt) {
  stream->feed("DATA\r\n");
  EXPECT_EQ(line(), "DATA");
  conversation.say(Reply::plain(354, "go"));
  EXPECT_EQ(bytes(), "timeout");
  EXPECT_EQ(stream->written(), "354 go\r\n");
}

TEST_F(ConversationTest, GivesBackWhatBelongsToTheNextCommand) {
  stream->feed("text\r\n.\r\nQUIT\r\n");
  EXPECT_TRUE(loop.run_until_done([](Conversation& from) -> Task<bool> {
    auto got = co_await from.read_bytes(Deadline::in(10s));
    if (got) from.unread(got->substr(9));
    co_return got.has_value();
  }(conversation)));
  EXPECT_TRUE(conversation.has_ahead());
  say("taken");
  EXPECT_EQ(line(), "QUIT");
  EXPECT_EQ(stream->written(), "");
}

TEST_F(ConversationTest, DoesNotGatherRepliesWithoutEndForAClientThatNeverReads) {
  std::string flight;
  for (int i = 0; i < 60; ++i) flight += "NOOP\r\n";
  stream->feed(flight);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(line(), "NOOP");
    say(std::string(400, 'x'));
  }
  EXPECT_GT(stream->written().size(), 10'000U);
}

TEST_F(ConversationTest, AFloodOfLinesLetsOthersHaveTheirTurn) {
  std::string flight;
  for (int i = 0; i < 500; ++i) flight += "NOOP\r\n";
  stream->feed(flight);
  bool others_ran = false;
  loop.post([&others_ran] { others_ran = true; });
  const int lines = loop.run_until_done([](Conversation& from, const bool& ran) -> Task<int> {
    int count = 0;
    while (!ran && (co_await from.read_line(512, Deadline::in(10s))).has_value()) ++count;
    co_return count;
  }(conversation, others_ran));
  EXPECT_GT(lines, 0);
  EXPECT_LE(lines, 100);
}

TEST_F(ConversationTest, ACutSessionStopsInTheMiddleOfAFlood) {
  std::string flight;
  for (int i = 0; i < 500; ++i) flight += "NOOP\r\n";
  stream->feed(flight);
  cancel.cancel();
  int lines = 0;
  while (lines < 500 && line() == "NOOP") ++lines;
  EXPECT_LE(lines, 100);
}

TEST_F(ConversationTest, EndsWhenTheClientHasClosed) {
  stream->feed("HALF");
  stream->feed_end();
  say("greeting");
  EXPECT_EQ(line(), "closed");
  EXPECT_EQ(stream->written(), "250 2.0.0 greeting\r\n");
}

TEST_F(ConversationTest, AnswersBeforeItStartsTls) {
  stream->feed("STARTTLS\r\n");
  EXPECT_EQ(line(), "STARTTLS");
  say("go ahead");
  EXPECT_TRUE(loop.run_until_done(conversation.start_tls(nullptr, Deadline::in(10s))));
  EXPECT_EQ(stream->written(), "250 2.0.0 go ahead\r\n");
  ASSERT_NE(conversation.tls(), nullptr);
  EXPECT_EQ(conversation.tls()->version, "TLSv1.3");
}

TEST_F(ConversationTest, ForgetsWhatCameInTheClearBehindStarttls) {
  stream->feed("STARTTLS\r\nEVIL\r\n");
  EXPECT_EQ(line(), "STARTTLS");
  EXPECT_TRUE(conversation.has_ahead());
  EXPECT_TRUE(loop.run_until_done(conversation.start_tls(nullptr, Deadline::in(10s))));
  EXPECT_FALSE(conversation.has_ahead());
  stream->feed("GOOD\r\n");
  EXPECT_EQ(line(), "GOOD");
}

TEST_F(ConversationTest, SaysItsLastWordsWhenItCloses) {
  say("bye");
  loop.run_until_done(conversation.close(Deadline::in(1s)));
  EXPECT_EQ(stream->written(), "250 2.0.0 bye\r\n");
  EXPECT_TRUE(stream->closed());
}

TEST_F(ConversationTest, AClientThatIsGoneIsAnErrorToReadFromAndNoneToClose) {
  loop.run_until_done(stream->close(Deadline::in(1s)));
  say("anybody there?");
  EXPECT_EQ(line(), "closed");
  say("bye");
  loop.run_until_done(conversation.close(Deadline::in(1s)));
  EXPECT_EQ(stream->written(), "");
}

}  // namespace
}  // namespace sekisho
