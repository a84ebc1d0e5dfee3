#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/smtp/reply.h"

namespace sekisho::smtp {
namespace {

using namespace std::literals;

struct Outcome {
  std::optional<Reply> reply;
  std::optional<ErrorKind> error;
  std::size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t slice) {
  ReplyParser parser;
  Outcome outcome;
  while (outcome.used < bytes.size() && !parser.complete()) {
    const auto used = parser.feed(bytes.substr(outcome.used, slice));
    if (!used) {
      // How far it came before it gave up depends on the slicing.
      return {.reply = std::nullopt, .error = used.error().kind, .used = 0};
    }
    outcome.used += *used;
  }
  if (parser.complete()) outcome.reply = parser.take();
  return outcome;
}

struct Example {
  const char* name;
  std::string_view bytes;
  int code;
  std::string_view enhanced;
  std::vector<std::string> lines;
};

TEST(ReplyParser, ReadsRepliesAtEverySlicing) {
  const std::vector<Example> cases{
      {"one line", "250 2.1.0 Ok\r\n", 250, "2.1.0", {"Ok"}},
      {"no enhanced code", "250 Ok\r\n", 250, "", {"Ok"}},
      {"code alone", "250\r\n", 250, "", {""}},
      {"code and blank", "250 \r\n", 250, "", {""}},
      {"enhanced code alone", "250 2.0.0\r\n", 250, "2.0.0", {""}},
      {"LF alone", "250 Ok\n", 250, "", {"Ok"}},
      {"EHLO",
       "250-mx\r\n250-SIZE 1000\r\n250 PIPELINING\r\n",
       250,
       "",
       {"mx", "SIZE 1000", "PIPELINING"}},
      {"LF and CRLF", "250-mx\n250 SIZE\r\n", 250, "", {"mx", "SIZE"}},
      {"last line without text", "250-mx\r\n250\r\n", 250, "", {"mx", ""}},
      {"empty middle line", "250-a\r\n250-\r\n250 b\r\n", 250, "", {"a", "", "b"}},
      {"enhanced on every line", "550-5.7.1 no\r\n550 5.7.1 way\r\n", 550, "5.7.1", {"no", "way"}},
      {"enhanced on the first", "550-5.7.1 no\r\n550 way\r\n", 550, "5.7.1", {"no", "way"}},
      {"another enhanced code later",
       "550-5.7.1 no\r\n550 5.1.1 way\r\n",
       550,
       "5.7.1",
       {"no", "5.1.1 way"}},
      {"class corrected", "450 5.7.1 later\r\n", 450, "4.7.1", {"later"}},
      {"class that fits nothing", "250 5.7.1 odd\r\n", 250, "", {"5.7.1 odd"}},
      {"no enhanced code in 3yz", "354 2.0.0 go\r\n", 354, "", {"2.0.0 go"}},
      {"a version is no enhanced code", "220 2.3.4.5 mailer\r\n", 220, "", {"2.3.4.5 mailer"}},
      {"uncommon code", "571 denied\r\n", 571, "", {"denied"}},
      {"blanks of the text stay", "250  two \r\n", 250, "", {" two "}},
      {"hyphen in the text", "250 -x\r\n", 250, "", {"-x"}},
  };
  for (const auto& c : cases) {
    const std::string bytes = std::string(c.bytes) + "220 next\r\n";
    for (std::size_t slice = 1; slice <= bytes.size(); ++slice) {
      SCOPED_TRACE(c.name + " in slices of "s + std::to_string(slice));
      const auto outcome = read(bytes, slice);
      ASSERT_TRUE(outcome.reply);
      EXPECT_EQ(outcome.used, c.bytes.size());
      EXPECT_EQ(outcome.reply->code, c.code);
      EXPECT_EQ(outcome.reply->enhanced ? outcome.reply->enhanced->to_string() : "", c.enhanced);
      EXPECT_EQ(outcome.reply->lines, c.lines);
    }
  }
}

TEST(ReplyParser, WaitsForTheEnd) {
  for (const auto bytes : {""sv, "2"sv, "250"sv, "250 Ok"sv, "250 Ok\r"sv, "250-mx\r\n"sv,
                           "250-mx\r\n250-SIZE\r\n25"sv}) {
    for (const std::size_t slice : {std::size_t{1}, bytes.size() + 1}) {
      const auto outcome = read(bytes, slice);
      EXPECT_FALSE(outcome.reply) << bytes;
      EXPECT_FALSE(outcome.error) << bytes;
      EXPECT_EQ(outcome.used, bytes.size());
    }
  }
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const auto bytes : {"\r\n"sv,
                           "\n"sv,
                           "25\r\n"sv,
                           "hello\r\n"sv,
                           "2x0 Ok\r\n"sv,
                           "150 Ok\r\n"sv,
                           "650 Ok\r\n"sv,
                           "050 Ok\r\n"sv,
                           "2500\r\n"sv,
                           "250Ok\r\n"sv,
                           "250\tOk\r\n"sv,
                           "250_Ok\r\n"sv,
                           " 250 Ok\r\n"sv,
                           "250-a\r\n\r\n250 b\r\n"sv,
                           "250-a\r\nb\r\n"sv,
                           "250-a\r\n251 b\r\n"sv,
                           "250-a\r\n550 b\r\n"sv,
                           "HTTP/1.1 400 Bad Request\r\n"sv,
                           "\x15\x03\x01\0\x02\x02\n"sv,
                           "250\r\r\n"sv,
                           "-250 Ok\r\n"sv,
                           "\0\0\0\n"sv}) {
    for (std::size_t slice = 1; slice <= bytes.size(); ++slice) {
      const auto outcome = read(bytes, slice);
      EXPECT_EQ(outcome.error, ErrorKind::protocol) << testing::PrintToString(std::string(bytes));
    }
  }
}

TEST(ReplyParser, ReadsPipelinedRepliesOneByOne) {
  const auto bytes = "250 2.1.0 a\r\n550-5.1.1 b\r\n550 5.1.1 c\r\n354 d\r\n"sv;
  ReplyParser parser;
  std::size_t at = 0;
  std::vector<int> codes;
  while (at < bytes.size()) {
    at += parser.feed(bytes.substr(at)).value();
    ASSERT_TRUE(parser.complete());
    EXPECT_EQ(parser.feed(bytes.substr(at)).value(), 0U);  // until take()
    codes.push_back(parser.take().code);
    EXPECT_FALSE(parser.complete());
  }
  EXPECT_EQ(codes, (std::vector{250, 550, 354}));
}

TEST(ReplyParser, BoundsAReplyWithoutEnd) {
  const std::string line = "250-" + std::string(500, 'x') + "\r\n";
  ReplyParser parser;
  std::size_t fed = 0;
  for (;;) {
    const auto used = parser.feed(line);
    if (!used) {
      EXPECT_EQ(used.error().kind, ErrorKind::limit);
      break;
    }
    fed += *used;
    ASSERT_LE(fed, ReplyParser::kMaxReplyBytes);
  }
  EXPECT_GT(fed + line.size(), ReplyParser::kMaxReplyBytes);
}

TEST(ReplyParser, BoundsALineWithoutEndAtEverySlicing) {
  const std::string most = "250 " + std::string(ReplyParser::kMaxReplyBytes - 6, 'x') + "\r\n";
  const std::string more = "250 " + std::string(ReplyParser::kMaxReplyBytes - 5, 'x') + "\r\n";
  const std::string endless = "250 " + std::string(ReplyParser::kMaxReplyBytes, 'x');
  for (const std::size_t slice : {1U, 7U, 4096U, 200'000U}) {
    EXPECT_TRUE(read(most, slice).reply) << slice;
    EXPECT_EQ(read(more, slice).error, ErrorKind::limit) << slice;
    EXPECT_EQ(read(endless, slice).error, ErrorKind::limit) << slice;
  }
}

TEST(ReplyParser, TheBoundIsForEachReplyAnew) {
  const std::string large = "250 " + std::string(60'000, 'x') + "\r\n";
  ReplyParser parser;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(parser.feed(large));
    EXPECT_EQ(parser.take().lines.front().size(), 60'000U);
  }
}

TEST(ReplyParser, AnErrorRepeatsLittleOfTheLine) {
  ReplyParser parser;
  const auto used = parser.feed(std::string(60'000, 'x') + "\n");
  ASSERT_FALSE(used);
  EXPECT_LT(used.error().text.size(), 300U);
}

TEST(ReplyParser, TakingAnUnfinishedReplyIsABug) {
  ReplyParser parser;
  EXPECT_THROW(parser.take(), std::logic_error);
}

TEST(ReplyParser, ReadsBackWhatReplyWrites) {
  Reply reply = Reply::of(451, "4.3.0", "try again later");
  reply.lines.emplace_back("");
  reply.lines.emplace_back("4.3.1 is another code");
  for (const auto& original : {reply, Reply::plain(220, "mx ESMTP"), Reply::of(250, "2.0.0", "")}) {
    ReplyParser parser;
    ASSERT_TRUE(parser.feed(original.wire()));
    EXPECT_EQ(parser.take(), original);
  }
}

}  // namespace
}  // namespace sekisho::smtp
