#include "gateway/net/line_reader.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/memory_stream.h"

namespace sekisho {
namespace {

using Flaw = LineReader::Flaw;
using namespace std::string_view_literals;

struct ReadLine {
  std::string text;
  Flaw flaw;
  bool operator==(const ReadLine&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ReadLine& line) {
  return out << '"' << line.text << "\" flaw " << static_cast<int>(line.flaw);
}

struct Reading {
  Loop loop;
  CancelSource cancel;
  test::MemoryStream stream{loop, cancel};
  LineReader reader{loop, stream};

  Result<ReadLine> line(std::size_t max = 64, Deadline deadline = Deadline::in(10s)) {
    return loop.run_until_done(next(reader, max, deadline));
  }
  Result<std::string> bytes() { return loop.run_until_done(some(reader)); }
  // All lines until the first that ends the session, or the end.
  std::vector<ReadLine> lines(std::size_t max = 64) {
    std::vector<ReadLine> all;
    while (true) {
      auto got = line(max);
      if (!got) {
        EXPECT_EQ(got.error().kind, ErrorKind::closed);
        return all;
      }
      all.push_back(*got);
      if (got->flaw == Flaw::bare_lf) return all;
    }
  }

 private:
  static Task<Result<ReadLine>> next(LineReader& reader, std::size_t max, Deadline deadline) {
    auto got = co_await reader.read_line(max, deadline);
    if (!got) co_return std::unexpected(got.error());
    co_return ReadLine{std::string(got->text), got->flaw};
  }
  static Task<Result<std::string>> some(LineReader& reader) {
    auto got = co_await reader.read_bytes(Deadline::in(10s));
    if (!got) co_return std::unexpected(got.error());
    co_return std::string(*got);
  }
};

struct Case {
  const char* name;
  std::string_view input;
  std::vector<ReadLine> lines;
};

const std::vector<Case>& cases() {
  static const std::string longest(62, 'a');
  static const std::string long_input = longest + "a\r\nNOOP\r\n";
  static const std::string longest_input = longest + "\r\nNOOP\r\n";
  static const std::string huge_input = std::string(1000, 'b') + "\r\nNOOP\r\n";
  static const std::string huge_bare_lf = std::string(1000, 'b') + "\nNOOP\r\n";
  static const std::string huge_with_crs =
      std::string(100, '\r') + std::string(100, 'c') + "\r\r\n";
  static const std::string long_with_nul = std::string(70, '\0') + "\r\nX\r\n";
  static const std::vector<Case> all = {
      {"one line", "EHLO x\r\n", {{"EHLO x", Flaw::none}}},
      {"empty line", "\r\n", {{"", Flaw::none}}},
      {"three lines",
       "A\r\n\r\nC d\r\n",
       {{"A", Flaw::none}, {"", Flaw::none}, {"C d", Flaw::none}}},
      {"half a line is lost at the end", "A\r\nB", {{"A", Flaw::none}}},
      {"a CR alone at the end", "A\r\nB\r", {{"A", Flaw::none}}},
      {"exactly max", longest_input, {{longest, Flaw::none}, {"NOOP", Flaw::none}}},
      {"one more than max", long_input, {{"", Flaw::too_long}, {"NOOP", Flaw::none}}},
      {"far more than max", huge_input, {{"", Flaw::too_long}, {"NOOP", Flaw::none}}},
      {"bare LF ends it", "A\nB\r\n", {{"", Flaw::bare_lf}}},
      {"bare LF first", "\nB\r\n", {{"", Flaw::bare_lf}}},
      {"bare LF after a good line", "A\r\n\nB\r\n", {{"A", Flaw::none}, {"", Flaw::bare_lf}}},
      {"bare LF inside a line that is too long", huge_bare_lf, {{"", Flaw::bare_lf}}},
      {"bare CR", "A\rB\r\nC\r\n", {{"A\rB", Flaw::bare_cr}, {"C", Flaw::none}}},
      {"CR CR LF", "A\r\r\nC\r\n", {{"A\r", Flaw::bare_cr}, {"C", Flaw::none}}},
      {"CR LF turned round", "A\n\rB\r\n", {{"", Flaw::bare_lf}}},
      {"CRs in a line that is too long", huge_with_crs, {{"", Flaw::too_long}}},
      {"NUL", "A\0B\r\nC\r\n"sv, {{std::string("A\0B", 3), Flaw::nul}, {"C", Flaw::none}}},
      {"NUL between CR and LF", "A\r\0\n"sv, {{"", Flaw::bare_lf}}},
      {"NUL and bare CR", "\0\r\0\r\n"sv, {{std::string("\0\r\0", 3), Flaw::bare_cr}}},
      {"NULs beyond max", long_with_nul, {{"", Flaw::too_long}, {"X", Flaw::none}}},
      {"8-bit bytes are not the reader's business", "\xFF\xC3\r\n", {{"\xFF\xC3", Flaw::none}}},
  };
  return all;
}

TEST(LineReader, ReadsTheSameLinesHoweverTheInputIsCut) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 63UL, 64UL, 65UL, 100000UL}) {
      SCOPED_TRACE(piece);
      Reading reading;
      reading.stream.feed_in_pieces(c.input, piece);
      reading.stream.feed_end();
      EXPECT_EQ(reading.lines(), c.lines);
    }
    for (std::size_t cut = 1; cut < c.input.size(); ++cut) {
      SCOPED_TRACE(cut);
      Reading reading;
      reading.stream.feed(c.input.substr(0, cut));
      reading.stream.feed(c.input.substr(cut));
      reading.stream.feed_end();
      EXPECT_EQ(reading.lines(), c.lines);
    }
  }
}

TEST(LineReader, ReportsABareLfAlthoughNoCrlfEverComes) {
  Reading reading;
  reading.stream.feed("MAIL FROM:<a@b>\n");
  EXPECT_EQ(reading.line(), (ReadLine{"", Flaw::bare_lf}));
}

TEST(LineReader, ReportsABareLfInAnEndlessLine) {
  Reading reading;
  reading.stream.feed(std::string(100, 'x'));
  reading.stream.feed("\n");
  EXPECT_EQ(reading.line(), (ReadLine{"", Flaw::bare_lf}));
}

TEST(LineReader, CarriesOnAfterATimeout) {
  Reading reading;
  reading.stream.feed("EH");
  const auto late = reading.line(64, Deadline::in(1ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  reading.stream.feed("LO\r");
  EXPECT_FALSE(reading.line(64, Deadline::in(1ms)));
  reading.stream.feed("\n");
  EXPECT_EQ(reading.line(), (ReadLine{"EHLO", Flaw::none}));
}

TEST(LineReader, KeepsSkippingATooLongLineAfterATimeout) {
  Reading reading;
  reading.stream.feed(std::string(200, 'x'));
  EXPECT_FALSE(reading.line(64, Deadline::in(1ms)));
  reading.stream.feed("QUIT\r\nNOOP\r\n");
  EXPECT_EQ(reading.line(), (ReadLine{"", Flaw::too_long}));
  EXPECT_EQ(reading.line(), (ReadLine{"NOOP", Flaw::none}));
}

TEST(LineReader, TellsOfPipelinedInputUntilItIsRead) {
  Reading reading;
  reading.stream.feed("STARTTLS\r\nEHLO evil\r\n");
  EXPECT_FALSE(reading.reader.has_ahead());
  EXPECT_EQ(reading.line()->text, "STARTTLS");
  EXPECT_TRUE(reading.reader.has_ahead());
  EXPECT_EQ(reading.line()->text, "EHLO evil");
  EXPECT_FALSE(reading.reader.has_ahead());
}

TEST(LineReader, ForgetsWhatItDiscards) {
  Reading reading;
  reading.stream.feed("STARTTLS\r\nEHLO evil\r\nMAIL");
  EXPECT_EQ(reading.line()->text, "STARTTLS");
  reading.reader.discard();
  EXPECT_FALSE(reading.reader.has_ahead());
  reading.stream.feed("NOOP\r\n");
  EXPECT_EQ(reading.line()->text, "NOOP");
}

TEST(LineReader, HandsOutBytesAheadBeforeReadingMore) {
  Reading reading;
  reading.stream.feed("DATA\r\nbody");
  reading.stream.feed(" more");
  EXPECT_EQ(reading.line()->text, "DATA");
  EXPECT_EQ(reading.bytes(), "body");
  EXPECT_FALSE(reading.reader.has_ahead());
  EXPECT_EQ(reading.bytes(), " more");
  reading.stream.feed_end();
  EXPECT_EQ(reading.bytes().error().kind, ErrorKind::closed);
}

Task<void> take_half(LineReader& reader, std::string& taken) {
  const auto got = co_await reader.read_bytes(Deadline::in(10s));
  EXPECT_TRUE(got);
  taken = got->substr(0, got->size() / 2);
  reader.unread(got->substr(got->size() / 2));
}

TEST(LineReader, TakesBackTheTailOfAFreshRead) {
  Reading reading;
  reading.stream.feed("12345QUIT\r\n");
  std::string taken;
  reading.loop.run_until_done(take_half(reading.reader, taken));
  EXPECT_EQ(taken, "12345");
  EXPECT_TRUE(reading.reader.has_ahead());
  EXPECT_EQ(reading.line()->text, "QUIT");
}

TEST(LineReader, TakesBackTheTailOfBytesAhead) {
  Reading reading;
  reading.stream.feed("BDAT 5 LAST\r\n12345QUIT\r\n");
  EXPECT_EQ(reading.line()->text, "BDAT 5 LAST");
  std::string taken;
  reading.loop.run_until_done(take_half(reading.reader, taken));
  EXPECT_EQ(taken, "12345");
  reading.stream.feed("NOOP\r\n");
  EXPECT_EQ(reading.line()->text, "QUIT");
  EXPECT_EQ(reading.line()->text, "NOOP");
}

TEST(LineReader, TakesBackNothing) {
  Reading reading;
  reading.stream.feed("A\r\n");
  EXPECT_EQ(reading.line()->text, "A");
  reading.reader.unread({});
  EXPECT_FALSE(reading.reader.has_ahead());
}

TEST(LineReader, ReadsAMegabyteOfPipelinedCommands) {
  Reading reading;
  std::string input;
  std::vector<ReadLine> expected;
  for (int i = 0; i < 20000; ++i) {
    const std::string command = "RCPT TO:<user" + std::to_string(i) + "@example.org>";
    input += command + "\r\n";
    expected.push_back({command, Flaw::none});
  }
  reading.stream.feed_in_pieces(input, 65536);
  reading.stream.feed_end();
  EXPECT_EQ(reading.lines(512), expected);
}

TEST(LineReader, StopsWhenCancelled) {
  Reading reading;
  reading.stream.feed("half");
  reading.loop.post([&] { reading.cancel.cancel(); });
  const auto got = reading.line();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace sekisho
