#include "gateway/upstream/reply_channel.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/memory_stream.h"

namespace sekisho::upstream {
namespace {

struct ReplyChannelTest : ::testing::Test {
  Loop loop;
  CancelSource cancel;
  test::MemoryStream* stream = nullptr;  // the channel's
  std::unique_ptr<ReplyChannel> channel = make();

  std::unique_ptr<ReplyChannel> make() {
    auto owned = std::make_unique<test::MemoryStream>(loop, cancel);
    stream = owned.get();
    return std::make_unique<ReplyChannel>(loop, std::move(owned));
  }
  Result<smtp::Reply> read(Deadline deadline = Deadline::in(5s)) {
    return loop.run_until_done(channel->read("TEST", deadline));
  }
  Result<smtp::Reply> ask() {
    return loop.run_until_done(channel->ask("TEST\r\n", "TEST", Deadline::in(5s)));
  }
};

const std::vector<std::string>& replies() {
  static const std::vector<std::string> kReplies{
      "250 ok\r\n",
      "250 2.1.0 ok\r\n",
      "250\r\n",
      "250-first\r\n250-second\r\n250 third\r\n",
      "550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n",
      "250-\r\n250 \r\n",
      "354 go ahead\n",
      "451 4.3.0 \xc3\xa4\xff\r\n",
  };
  return kReplies;
}

TEST_F(ReplyChannelTest, ReadsTheSameReplyHoweverItsBytesAreCut) {
  for (const std::string& text : replies()) {
    channel = make();
    stream->feed(text);
    const auto whole = read();
    ASSERT_TRUE(whole) << text;
    for (std::size_t size = 1; size < text.size(); ++size) {
      channel = make();
      stream->feed_in_pieces(text, size);
      const auto cut = read();
      ASSERT_TRUE(cut) << text << " in pieces of " << size;
      EXPECT_EQ(*cut, *whole) << text << " in pieces of " << size;
      channel->settle();
      EXPECT_FALSE(channel->broken());
    }
    for (std::size_t at = 1; at < text.size(); ++at) {
      channel = make();
      stream->feed(text.substr(0, at));
      stream->feed(text.substr(at));
      EXPECT_EQ(read().value(), *whole) << text << " cut at " << at;
    }
  }
}

TEST_F(ReplyChannelTest, ReadsPipelinedRepliesInOrderHoweverTheyAreCut) {
  const std::string text = "250-a\r\n250 b\r\n550 c\r\n354 d\r\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    channel = make();
    stream->feed_in_pieces(text, size);
    EXPECT_EQ(read()->code, 250);
    EXPECT_EQ(read()->code, 550);
    EXPECT_EQ(read()->code, 354);
    channel->settle();
    EXPECT_FALSE(channel->broken()) << "in pieces of " << size;
  }
}

TEST_F(ReplyChannelTest, BreaksWhenMoreCameThanWasAsked) {
  stream->feed("250 ok\r\n250 and more\r\n");
  EXPECT_TRUE(read());
  EXPECT_FALSE(channel->broken());
  channel->settle();
  EXPECT_TRUE(channel->broken());
  const auto next = ask();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().kind, ErrorKind::protocol);
  EXPECT_EQ(stream->written(), "") << "nothing may be sent on a broken channel";
}

TEST_F(ReplyChannelTest, SendsNothingWhenThePeerSpokeFirst) {
  stream->feed("250 2.0.0 queued\r\n");
  const auto reply = ask();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::protocol);
  EXPECT_NE(reply.error().text.find("queued"), std::string::npos);
  EXPECT_EQ(stream->written(), "");
  EXPECT_TRUE(channel->broken());
}

TEST_F(ReplyChannelTest, TakesAnEarly421AsTheAnswer) {
  stream->feed("421 4.4.2 idle for too long\r\n");
  stream->feed_end();
  const auto reply = ask();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code, 421);
  EXPECT_EQ(stream->written(), "");
  EXPECT_TRUE(channel->broken());
}

TEST_F(ReplyChannelTest, BreaksOnEverythingThatIsNoReply) {
  struct Case {
    std::string bytes;
    ErrorKind kind;
  };
  const std::vector<Case> cases{
      {"", ErrorKind::closed},
      {"250 ok", ErrorKind::closed},
      {"250-ok\r\n", ErrorKind::closed},
      {"\r\n", ErrorKind::protocol},
      {"hello\r\n", ErrorKind::protocol},
      {"25 ok\r\n", ErrorKind::protocol},
      {"2500 ok\r\n", ErrorKind::protocol},
      {"150 wait\r\n", ErrorKind::protocol},
      {"650 what\r\n", ErrorKind::protocol},
      {"250-ok\r\n550 no\r\n", ErrorKind::protocol},
      {" 250 ok\r\n", ErrorKind::protocol},
      {"250_ok\r\n", ErrorKind::protocol},
      {std::string(1, '\0') + "250 ok\r\n", ErrorKind::protocol},
      {"HTTP/1.1 400 Bad Request\r\n", ErrorKind::protocol},
      {"\x16\x03\x01\r\n", ErrorKind::protocol},
      {std::string(100'000, '2'), ErrorKind::protocol},
      {"250-" + std::string(70'000, 'x') + "\r\n250 ok\r\n", ErrorKind::protocol},
  };
  for (const Case& one : cases) {
    channel = make();
    if (!one.bytes.empty()) stream->feed(one.bytes);
    stream->feed_end();
    const auto reply = read();
    ASSERT_FALSE(reply) << one.bytes.substr(0, 40);
    EXPECT_EQ(reply.error().kind, one.kind) << one.bytes.substr(0, 40) << reply.error().text;
    EXPECT_TRUE(channel->broken()) << one.bytes.substr(0, 40);
  }
}

TEST_F(ReplyChannelTest, TakesALargeReplyThatIsStillBounded) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "250-" + std::string(90, 'x') + "\r\n";
  text += "250 end\r\n";
  stream->feed_in_pieces(text, 1000);
  const auto reply = read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->lines.size(), 601U);
}

TEST_F(ReplyChannelTest, BoundsTheWholeReplyAndNotEachByteByTheDeadline) {
  stream->feed("250-slow\r\n");
  const auto reply = read(Deadline::in(20ms));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::timeout);
  EXPECT_TRUE(channel->broken());
}

TEST_F(ReplyChannelTest, WritesNothingWhenItsTimeIsOver) {
  const auto reply = loop.run_until_done(channel->ask("TEST\r\n", "TEST", Deadline::in(-1ms)));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::timeout);
  EXPECT_EQ(stream->written(), "");
  EXPECT_TRUE(channel->broken());
}

TEST_F(ReplyChannelTest, ReturnsCancelledWhenItIsStopped) {
  cancel.cancel();
  const auto reply = read();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace sekisho::upstream
