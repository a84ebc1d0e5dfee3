#include "gateway/mail/headers.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::mail {
namespace {

// Feeds the message in pieces of `step` bytes; the section found, and whether its end was seen.
std::pair<std::string, bool> scan(std::string_view message, std::size_t step) {
  HeaderScanner scanner;
  std::string section;
  for (std::size_t i = 0; i < message.size() && !scanner.done(); i += step) {
    const std::string_view piece = message.substr(i, step);
    section += piece.substr(0, scanner.feed(piece));
  }
  return {section, scanner.done()};
}

struct ScanCase {
  std::string_view message;
  std::string_view section;
  bool done;
};

const std::vector<ScanCase> kScanCases{
    {"A: b\r\n\r\nbody\r\n", "A: b\r\n\r\n", true},
    {"\r\nbody\r\n", "\r\n", true},
    {"\r\n", "\r\n", true},
    {"\r\n\r\n\r\n", "\r\n", true},
    {"A: b\r\n", "A: b\r\n", false},
    {"A: b", "A: b", false},
    {"A: b\r", "A: b\r", false},
    {"", "", false},
    {"junk\r\n\r\nx", "junk\r\n\r\n", true},
    {"A: b\r\n c\r\n\td\r\n\r\nbody", "A: b\r\n c\r\n\td\r\n\r\n", true},
    {"A: b\r\n \r\n\r\nbody", "A: b\r\n \r\n\r\n", true},
    {"A: b\r\nX\r\nY\r\n\r\n\r\n", "A: b\r\nX\r\nY\r\n\r\n", true},
};

TEST(HeaderScanner, FindsTheFirstEmptyLineInAnySlicing) {
  for (const ScanCase& c : kScanCases) {
    for (std::size_t step = 1; step <= c.message.size() + 1; ++step) {
      const auto [section, done] = scan(c.message, step);
      EXPECT_EQ(section, c.section) << c.message << " by " << step;
      EXPECT_EQ(done, c.done) << c.message << " by " << step;
    }
  }
}

TEST(HeaderScanner, TakesNothingOnceItIsDone) {
  HeaderScanner scanner;
  EXPECT_EQ(scanner.feed("\r\nA: b\r\n"), 2U);
  EXPECT_EQ(scanner.feed("A: b\r\n"), 0U);
  EXPECT_TRUE(scanner.done());
}

TEST(HeaderScanner, FindsTheEndOfAVeryLongSection) {
  std::string message;
  for (int i = 0; i < 200'000; ++i) message += "X-Pad: 1\r\n";
  message += "X-Long: " + std::string(5'000'000, 'x') + "\r\n\r\n";
  const std::size_t end = message.size();
  message += "body";
  EXPECT_EQ(scan(message, 65536).first.size(), end);
}

TEST(HasEmptyLine, IsTrueOnlyForASectionThatEndsInOne) {
  EXPECT_TRUE(has_empty_line("\r\n"));
  EXPECT_TRUE(has_empty_line("A: b\r\n\r\n"));
  EXPECT_FALSE(has_empty_line(""));
  EXPECT_FALSE(has_empty_line("A: b\r\n"));
  EXPECT_FALSE(has_empty_line("A: b"));
}

TEST(Headers, SplitsFieldsWithoutChangingAByte) {
  const std::string text = "Subject: hello\r\n  world\r\nX-Empty:\r\nto :a@b\r\n\r\nbody";
  const auto headers = Headers::parse(text);
  ASSERT_EQ(headers.fields().size(), 3U);
  EXPECT_EQ(headers.fields()[0].name, "Subject");
  EXPECT_EQ(headers.fields()[0].value, " hello\r\n  world");
  EXPECT_EQ(headers.fields()[0].raw, "Subject: hello\r\n  world\r\n");
  EXPECT_EQ(headers.fields()[1].value, "");
  EXPECT_EQ(headers.fields()[2].name, "to");
  EXPECT_EQ(headers.fields()[2].value, "a@b");
  EXPECT_EQ(headers.size(), text.find("\r\n\r\n") + 2);
}

TEST(Headers, EndAtALineThatIsNeitherFieldNorFolding) {
  for (const std::string_view junk : {"junk", "From a@b Mon Jan  1 10:00:00 2024", "no colon here",
                                      ": no name", "a b: c", "caf\xc3\xa9: x", "\x01: x"}) {
    const std::string text = "A: b\r\n" + std::string(junk) + "\r\nC: d\r\n\r\n";
    const auto headers = Headers::parse(text);
    EXPECT_EQ(headers.fields().size(), 1U) << junk;
    EXPECT_EQ(headers.size(), 6U) << junk;
  }
}

TEST(Headers, AreNoneWhenTheFirstLineIsEmptyOrJunkOrFoldingOfNothing) {
  for (const std::string_view text :
       {"\r\nA: b\r\n", "junk\r\nA: b\r\n", " A: b\r\nC: d\r\n", ""}) {
    const auto headers = Headers::parse(text);
    EXPECT_TRUE(headers.fields().empty()) << text;
    EXPECT_EQ(headers.size(), 0U) << text;
  }
}

TEST(Headers, TakeALastFieldWithoutALineEnd) {
  const auto headers = Headers::parse("A: b\r\nC: d");
  ASSERT_EQ(headers.fields().size(), 2U);
  EXPECT_EQ(headers.fields()[1].value, " d");
  EXPECT_EQ(headers.size(), 10U);
}

TEST(Headers, FindAndCountWithoutCase) {
  const auto headers = Headers::parse("Received: 1\r\nRECEIVED: 2\r\nsubject: x\r\n\r\n");
  EXPECT_EQ(headers.count("received"), 2U);
  ASSERT_NE(headers.find("received"), nullptr);
  EXPECT_EQ(headers.find("received")->value, " 1");
  EXPECT_EQ(headers.find("To"), nullptr);
  EXPECT_EQ(headers.count("Receive"), 0U);
}

TEST(Headers, UnfoldDropsLineEndsAndOuterBlanksOnly) {
  EXPECT_EQ(Headers::unfold(" a\r\n\tb  c \r\n "), "a\tb  c");
  EXPECT_EQ(Headers::unfold(""), "");
  EXPECT_EQ(Headers::unfold(" \r\n "), "");
}

TEST(Headers, ReadAHundredThousandFieldsInOneGo) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "X: y\r\n";
  EXPECT_EQ(Headers::parse(text + "\r\n").count("x"), 100'000U);
}

}  // namespace
}  // namespace sekisho::mail
