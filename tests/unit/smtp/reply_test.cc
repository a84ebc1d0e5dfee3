#include "gateway/smtp/reply.h"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/base/text.h"

namespace sekisho::smtp {
namespace {

using namespace std::literals;

TEST(EnhancedCode, ReadsWhatRfc3463Allows) {
  EXPECT_EQ(EnhancedCode::parse("5.7.1"), (EnhancedCode{5, 7, 1}));
  EXPECT_EQ(EnhancedCode::parse("2.0.0")->to_string(), "2.0.0");
  EXPECT_EQ(EnhancedCode::parse("4.999.123")->to_string(), "4.999.123");
  for (const auto bad :
       {""sv, "5"sv, "5.7"sv, "5.7."sv, "5..1"sv, "3.0.0"sv, "1.1.1"sv, "6.1.1"sv, "5.7.1.1"sv,
        "5.1000.1"sv, "5.7.1234"sv, "5.7.x"sv, "5.7.-1"sv, "05.7.1"sv, " 5.7.1"sv, "5.7.1 "sv}) {
    EXPECT_FALSE(EnhancedCode::parse(bad)) << bad;
  }
}

TEST(Reply, HasItsClassFromTheCode) {
  EXPECT_TRUE(Reply::plain(250, "x").positive());
  EXPECT_TRUE(Reply::plain(451, "x").transient());
  EXPECT_TRUE(Reply::plain(550, "x").permanent());
  const auto intermediate = Reply::plain(354, "x");
  EXPECT_FALSE(intermediate.positive() || intermediate.transient() || intermediate.permanent());
}

TEST(Reply, GivesTheEnhancedCodeTheClassOfTheCode) {
  EXPECT_EQ(Reply::of(450, "5.7.1", "x").enhanced->to_string(), "4.7.1");
  EXPECT_EQ(Reply::of(250, "2.1.5", "x").enhanced->to_string(), "2.1.5");
  EXPECT_FALSE(Reply::of(354, "2.0.0", "x").enhanced);
  EXPECT_FALSE(Reply::of(220, "", "x").enhanced);
}

TEST(Reply, MadeOfNonsenseIsABug) {
  EXPECT_THROW(Reply::of(550, "5.7", "x"), std::invalid_argument);
  EXPECT_THROW(Reply::plain(199, "x"), std::invalid_argument);
  EXPECT_THROW(Reply::plain(600, "x"), std::invalid_argument);
}

TEST(ReplyWire, WritesCodeAndEnhancedCodeOnEveryLine) {
  EXPECT_EQ(Reply::of(550, "5.7.1", "relaying denied").wire(), "550 5.7.1 relaying denied\r\n");
  EXPECT_EQ(Reply::plain(354, "Go on").wire(), "354 Go on\r\n");
  Reply reply = Reply::of(550, "5.7.1", "one");
  reply.lines.emplace_back("two");
  reply.lines.emplace_back("");
  reply.lines.emplace_back("four");
  EXPECT_EQ(reply.wire(), "550-5.7.1 one\r\n550-5.7.1 two\r\n550-5.7.1 \r\n550 5.7.1 four\r\n");
}

TEST(ReplyWire, KeepsTheBlankWhereNoTextFollows) {
  EXPECT_EQ(Reply::plain(334, "").wire(), "334 \r\n");
  Reply reply;
  reply.code = 250;
  EXPECT_EQ(reply.wire(), "250 \r\n");
}

TEST(ReplyWire, LetsNoControlOrEightBitByteThrough) {
  const auto wire = Reply::of(550, "5.1.1", "a\r\n250 ok\0\t\x7f\x1b[31m\xc3\xa4"sv).wire();
  EXPECT_EQ(wire, "550 5.1.1 a??250 ok????[31m??\r\n");
}

std::vector<std::string_view> wire_lines(std::string_view wire) {
  auto lines = split(wire, '\n');
  EXPECT_TRUE(lines.back().empty());
  lines.pop_back();
  return lines;
}

TEST(ReplyWire, SplitsLongTextsAtBlanksIntoLinesOf512Bytes) {
  std::string text;
  while (text.size() < 3000) text += "word" + std::to_string(text.size()) + ' ';
  text.pop_back();
  const auto wire = Reply::of(550, "5.7.1", text).wire();
  std::string joined;
  const auto lines = wire_lines(wire);
  EXPECT_GT(lines.size(), 5U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_LE(lines[i].size() + 1, 512U);
    EXPECT_TRUE(lines[i].starts_with(i + 1 < lines.size() ? "550-5.7.1 " : "550 5.7.1 "));
    EXPECT_TRUE(lines[i].ends_with('\r'));
    joined +=
        std::string(i == 0 ? "" : " ") + std::string(lines[i].substr(10, lines[i].size() - 11));
  }
  EXPECT_EQ(joined, text);
}

TEST(ReplyWire, SplitsATextWithoutBlanksAndLosesNothing) {
  for (const std::size_t length : {499U, 500U, 501U, 1000U, 1001U, 5000U}) {
    const auto wire = Reply::of(550, "5.7.1", std::string(length, 'x')).wire();
    std::size_t found = 0;
    for (const auto line : wire_lines(wire)) {
      EXPECT_LE(line.size() + 1, 512U);
      for (const char c : line) found += c == 'x' ? 1 : 0;
    }
    EXPECT_EQ(found, length);
  }
  EXPECT_EQ(wire_lines(Reply::of(550, "5.7.1", std::string(500, 'x')).wire()).size(), 1U);
  EXPECT_EQ(wire_lines(Reply::of(550, "5.7.1", std::string(501, 'x')).wire()).size(), 2U);
}

TEST(ReplySummary, JoinsTheLines) {
  Reply reply = Reply::of(550, "5.7.1", "first");
  reply.lines.emplace_back("second");
  EXPECT_EQ(reply.summary(), "550 5.7.1 first / second");
  EXPECT_EQ(Reply::plain(250, "ok").summary(), "250 ok");
  EXPECT_EQ(Reply::plain(250, "").summary(), "250");
}

}  // namespace
}  // namespace sekisho::smtp
