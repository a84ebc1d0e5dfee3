#include "gateway/intake.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

struct IntakeTest : testing::Test {
  Loop loop;
  Offload offload{1, 16};
  test::TempDir directory;
  mail::Message message{loop, offload, {.directory = directory.path(), .memory = 4096}, {}};
  std::size_t used = 0;  // bytes that belonged to the message

  static Intake::Limits limits(std::uint64_t message_size = 1'000'000,
                               std::size_t header_size = 1'000'000, std::size_t text_line = 0) {
    return {.message_size = message_size, .header_size = header_size, .text_line = text_line};
  }
  // As the session does it: what one read gave, then the store. False when the spool fails.
  bool take(Intake& intake, std::string_view bytes) {
    used += intake.decode(bytes);
    return loop.run_until_done(intake.store()).has_value();
  }
  std::string body() {
    std::string text;
    EXPECT_TRUE(loop.run_until_done(message.body().read(0, text)));
    return text;
  }
  static std::string refusal_of(const Intake& intake) {
    const auto refusal = intake.refusal();
    return refusal ? refusal->summary() : "";
  }
  // The refusal of a message that comes in one piece.
  std::string refusal_of(std::string_view bytes, const Intake::Limits& bounds) {
    Intake intake(message, bounds);
    EXPECT_TRUE(take(intake, bytes));
    EXPECT_TRUE(intake.finished());
    return refusal_of(intake);
  }
};

TEST_F(IntakeTest, SplitsHeaderFromBodyWhereverThePacketsAreCut) {
  constexpr std::string_view kHeader = "A: b\r\nC: d\r\n\r\n";
  constexpr std::string_view kSent = "A: b\r\nC: d\r\n\r\none\r\n\r\n..two\r\n.\r\nQUIT\r\n";
  for (std::size_t cut = 0; cut <= kSent.size(); ++cut) {
    mail::Message each(loop, offload, {.directory = directory.path(), .memory = 4096}, {});
    Intake intake(each, limits());
    used = 0;
    ASSERT_TRUE(take(intake, kSent.substr(0, cut)));
    if (!intake.finished()) {
      ASSERT_TRUE(take(intake, kSent.substr(cut)));
    }
    EXPECT_TRUE(intake.finished()) << cut;
    EXPECT_TRUE(intake.header_complete()) << cut;
    EXPECT_FALSE(intake.refusal()) << cut;
    EXPECT_EQ(kSent.substr(used), "QUIT\r\n") << cut;
    EXPECT_EQ(each.header_section(), kHeader) << cut;
    std::string text;
    ASSERT_TRUE(loop.run_until_done(each.body().read(0, text)));
    EXPECT_EQ(text, "one\r\n\r\n.two\r\n") << cut;
    EXPECT_EQ(intake.size(), each.size()) << cut;
  }
}

TEST_F(IntakeTest, KnowsTheHeaderAsSoonAsItsEmptyLineIsHere) {
  Intake intake(message, limits());
  ASSERT_TRUE(take(intake, "A: b\r\n"));
  EXPECT_FALSE(intake.header_complete());
  ASSERT_TRUE(take(intake, "\r\n"));
  EXPECT_TRUE(intake.header_complete());
  EXPECT_FALSE(intake.finished());
}

TEST_F(IntakeTest, AMessageWithoutAnEmptyLineIsAllHeader) {
  Intake intake(message, limits());
  ASSERT_TRUE(take(intake, "A: b\r\n.\r\n"));
  EXPECT_TRUE(intake.finished());
  EXPECT_TRUE(intake.header_complete());
  EXPECT_EQ(message.header_section(), "A: b\r\n");
  EXPECT_EQ(message.body().size(), 0U);
}

TEST_F(IntakeTest, AnEmptyMessageIsNoMistake) {
  EXPECT_EQ(refusal_of(".\r\n", limits(0)), "");
  EXPECT_EQ(message.size(), 0U);
}

TEST_F(IntakeTest, ALineThatIsNoFieldBeginsTheBody) {
  Intake intake(message, limits());
  ASSERT_TRUE(take(intake, "A: b\r\n c\r\nhello\r\nD: e\r\n\r\nbody\r\n.\r\n"));
  EXPECT_EQ(message.header_section(), "A: b\r\n c\r\n\r\n");
  EXPECT_EQ(body(), "hello\r\nD: e\r\n\r\nbody\r\n");
}

TEST_F(IntakeTest, TheLineAboveAMessageInAMailboxFileBecomesAField) {
  Intake intake(message, limits());
  ASSERT_TRUE(take(intake, "From a@b Mon Jan 1 00:00:00 2026\r\nA: b\r\n\r\nbody\r\n.\r\n"));
  EXPECT_EQ(message.header_section(),
            "X-Mailbox-Line: From a@b Mon Jan 1 00:00:00 2026\r\nA: b\r\n\r\n");
  EXPECT_EQ(body(), "body\r\n");
}

TEST_F(IntakeTest, SoDoesAFirstLineThatIsNoField) {
  Intake intake(message, limits());
  ASSERT_TRUE(take(intake, "hello\r\nD: e\r\n.\r\n"));
  EXPECT_EQ(message.header_section(), "\r\n");
  EXPECT_EQ(body(), "hello\r\nD: e\r\n");
}

TEST_F(IntakeTest, TakesAMessageOfExactlyTheLimitAndNotOneByteMore) {
  constexpr std::string_view kText = "A: b\r\n\r\n12\r\n";
  const std::string sent = std::string(kText) + ".\r\n";
  EXPECT_EQ(refusal_of(sent, limits(kText.size())), "");
  mail::Message other(loop, offload, {.directory = directory.path(), .memory = 4096}, {});
  Intake over(other, limits(kText.size() - 1));
  ASSERT_TRUE(take(over, sent));
  EXPECT_EQ(refusal_of(over), "552 5.3.4 message is larger than 11 bytes");
}

TEST_F(IntakeTest, AStuffedDotCountsForNothing) {
  EXPECT_EQ(refusal_of("\r\n..\r\n.\r\n", limits(5)), "");
}

TEST_F(IntakeTest, KeepsNothingMoreOfAMessageThatIsTooLargeButReadsToItsEnd) {
  Intake intake(message, limits(20));
  ASSERT_TRUE(take(intake, "A: b\r\n\r\n1234\r\n"));
  EXPECT_EQ(message.body().size(), 6U);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(take(intake, "more and more\r\n"));
  EXPECT_EQ(message.body().size(), 6U);
  EXPECT_FALSE(intake.finished());
  ASSERT_TRUE(take(intake, ".\r\nQUIT\r\n"));
  EXPECT_TRUE(intake.finished());
  EXPECT_EQ(intake.size(), 14U + 1500U);
}

TEST_F(IntakeTest, InChunksAMessageIsTheSameWhereverTheyAreCut) {
  constexpr std::string_view kText = "A: b\r\n\r\n.\r\n..two\r\n";
  for (std::size_t cut = 0; cut <= kText.size(); ++cut) {
    mail::Message each(loop, offload, {.directory = directory.path(), .memory = 4096}, {});
    Intake intake(each, limits(), Intake::Form::chunks);
    used = 0;
    intake.begin_chunk({.size = cut, .last = false});
    ASSERT_TRUE(take(intake, kText));  // and the next chunk's bytes behind it
    EXPECT_EQ(used, cut);
    EXPECT_FALSE(intake.wants_more() || intake.finished()) << cut;
    intake.begin_chunk({.size = kText.size() - cut, .last = true});
    EXPECT_EQ(intake.wants_more(), cut < kText.size());
    ASSERT_TRUE(take(intake, std::string(kText.substr(cut)) + "QUIT\r\n"));
    EXPECT_EQ(used, kText.size()) << cut;
    EXPECT_TRUE(intake.finished() && intake.header_complete()) << cut;
    EXPECT_FALSE(intake.refusal()) << cut;
    EXPECT_EQ(each.header_section(), "A: b\r\n\r\n") << cut;
    std::string text;
    ASSERT_TRUE(loop.run_until_done(each.body().read(0, text)));
    EXPECT_EQ(text, ".\r\n..two\r\n") << cut;
  }
}

TEST_F(IntakeTest, AFlawInAChunkBreaksNoFraming) {
  Intake intake(message, limits(), Intake::Form::chunks);
  intake.begin_chunk({.size = 8, .last = false});
  ASSERT_TRUE(take(intake, "A: b\nC: d\r\n"));
  EXPECT_THAT(refusal_of(intake), HasSubstr("bare LF"));
  EXPECT_FALSE(intake.framing_broken());
  EXPECT_EQ(used, 8U);
}

TEST_F(IntakeTest, ABinaryBodyIsTakenAsItIs) {
  constexpr std::string_view kSent = "A: b\r\n\r\n\0\n\r.\r\n.\n"sv;
  Intake intake(message, limits(1000, 1000, 3), Intake::Form::binary);
  intake.begin_chunk({.size = kSent.size(), .last = true});
  ASSERT_TRUE(take(intake, kSent));
  EXPECT_TRUE(intake.finished());
  EXPECT_EQ(refusal_of(intake), "554 5.6.0 a line is longer than 3 bytes") << "of the header";
  mail::Message other(loop, offload, {.directory = directory.path(), .memory = 4096}, {});
  Intake fitting(other, limits(1000, 1000, 6), Intake::Form::binary);
  fitting.begin_chunk({.size = kSent.size(), .last = true});
  ASSERT_TRUE(take(fitting, kSent));
  EXPECT_EQ(refusal_of(fitting), "");
  std::string text;
  ASSERT_TRUE(loop.run_until_done(other.body().read(0, text)));
  EXPECT_EQ(text, kSent.substr(8));
}

TEST_F(IntakeTest, TheHeaderOfABinaryMessageConsistsOfLines) {
  for (const auto header :
       {"A: b\nC: d\r\n\r\n"sv, "A: \0\r\n\r\n"sv, "A: b\rC\r\n\r\n"sv, "A: b\r"sv}) {
    mail::Message each(loop, offload, {.directory = directory.path(), .memory = 4096}, {});
    Intake intake(each, limits(), Intake::Form::binary);
    intake.begin_chunk({.size = header.size(), .last = true});
    ASSERT_TRUE(take(intake, header));
    EXPECT_THAT(refusal_of(intake), HasSubstr("554 5.6.0")) << header;
  }
  Intake intake(message, limits(), Intake::Form::binary);
  intake.begin_chunk({.size = 4, .last = true});
  ASSERT_TRUE(take(intake, "A: b"));
  EXPECT_EQ(refusal_of(intake), "");
  EXPECT_EQ(message.header_section(), "A: b\r\n");
}

TEST_F(IntakeTest, GivesUpOnAChunkThatSaysItIsMoreThanTwiceTheLimit) {
  Intake intake(message, limits(10), Intake::Form::chunks);
  intake.begin_chunk({.size = 21, .last = false});
  EXPECT_FALSE(intake.hopeless());
  intake.begin_chunk({.size = 22, .last = false});
  EXPECT_TRUE(intake.hopeless());
  intake.begin_chunk({.size = smtp::kMaxChunk, .last = true});
  EXPECT_TRUE(intake.hopeless());
}

TEST_F(IntakeTest, GivesUpOnAMessageOfMoreThanTwiceTheLimit) {
  Intake intake(message, limits(10));
  ASSERT_TRUE(take(intake, "\r\n" + std::string(19, 'x')));
  EXPECT_THAT(refusal_of(intake), HasSubstr("552 "));
  EXPECT_FALSE(intake.hopeless());
  ASSERT_TRUE(take(intake, "x"));
  EXPECT_TRUE(intake.hopeless());
}

TEST_F(IntakeTest, BoundsTheHeaderSectionWithItsEmptyLine) {
  constexpr std::string_view kHeader = "A: b\r\n\r\n";
  EXPECT_EQ(refusal_of("A: b\r\n\r\nbody of any length\r\n.\r\n", limits(1000, kHeader.size())),
            "");
  mail::Message other(loop, offload, {.directory = directory.path(), .memory = 4096}, {});
  Intake over(other, limits(1000, kHeader.size() - 1));
  for (const char byte : "A: b\r\n\r\nbody\r\n.\r\n"sv)
    ASSERT_TRUE(take(over, std::string_view(&byte, 1)));
  EXPECT_TRUE(over.finished());
  EXPECT_EQ(refusal_of(over), "552 5.3.4 header section is larger than 7 bytes");
  EXPECT_EQ(other.body().size(), 0U);
}

TEST_F(IntakeTest, NamesTheFlawOfTheFraming) {
  struct Case {
    std::string_view sent;
    std::string_view refusal;
  };
  for (const Case& each : {
           Case{"\r\na\rb\r\n.\r\n", "554 5.6.0 bare CR in message"},
           Case{"\r\na\nb\r\n.\r\n", "554 5.6.0 bare LF in message"},
           Case{"\r\na\0b\r\n.\r\n"sv, "554 5.6.0 NUL in message"},
           Case{"\r\n123456789\r\n.\r\n", "554 5.6.0 a line is longer than 10 bytes"},
           Case{"A: \r\r\n.\r\n", "554 5.6.0 bare CR in message"},
       })
    EXPECT_THAT(refusal_of(each.sent, limits(1000, 1000, 10)), HasSubstr(each.refusal));
}

TEST_F(IntakeTest, TheFirstFlawIsTheOneThatIsNamed) {
  EXPECT_THAT(refusal_of("\r\na\nb\rc\0d\r\n.\r\n"sv, limits()), HasSubstr("bare LF"));
}

TEST_F(IntakeTest, ASizeOverTheLimitIsNamedBeforeAnythingElse) {
  EXPECT_THAT(refusal_of("A: b\rc\r\nD: e\r\n\r\nf\r\n.\r\n", limits(10, 5)),
              HasSubstr("message is larger"));
}

TEST_F(IntakeTest, AHeaderThatWasTooLargeStaysTheReasonWhenAFlawFollows) {
  Intake intake(message, limits(1000, 5));
  ASSERT_TRUE(take(intake, "A: b\r\n"));
  ASSERT_TRUE(take(intake, "C: d\re\r\n.\r\n"));
  EXPECT_THAT(refusal_of(intake), HasSubstr("header section is larger"));
}

TEST_F(IntakeTest, AFlawStaysTheReasonWhenALargeHeaderFollows) {
  Intake intake(message, limits(1000, 20));
  ASSERT_TRUE(take(intake, "A: b\rc\r\n"));
  ASSERT_TRUE(take(intake, "D: e\r\nF: more of it\r\n.\r\n"));
  EXPECT_THAT(refusal_of(intake), HasSubstr("bare CR"));
}

TEST_F(IntakeTest, KnowsWhereTheEndOfAMessageIsOpenToDispute) {
  struct Case {
    std::string_view sent;
    bool broken;
  };
  for (const Case& each : {Case{"\r\na\rb\r\n.\r\n", true}, Case{"\r\na\nb\r\n.\r\n", true},
                           Case{"\r\na\0b\r\n.\r\n"sv, true}, Case{"\r\n123456789\r\n.\r\n", false},
                           Case{".\r\n", false}}) {
    Intake intake(message, limits(1000, 1000, 10));
    ASSERT_TRUE(take(intake, each.sent));
    EXPECT_EQ(intake.framing_broken(), each.broken) << each.sent;
  }
}

TEST_F(IntakeTest, AFlawEndsNoMessage) {
  Intake intake(message, limits());
  ASSERT_TRUE(take(intake, "\r\na\n.\nb\r.\rc\r\n.\nd\n.\r\n"));
  EXPECT_FALSE(intake.finished());
  ASSERT_TRUE(take(intake, "\r\n.\r\n"));
  EXPECT_TRUE(intake.finished());
}

TEST_F(IntakeTest, KeepsNothingOnceToldSo) {
  Intake intake(message, limits());
  ASSERT_TRUE(take(intake, "A: b\r\n\r\none\r\n"));
  intake.stop_keeping();
  ASSERT_TRUE(take(intake, "two\r\n.\r\n"));
  EXPECT_EQ(body(), "one\r\n");
  EXPECT_TRUE(intake.finished());
  EXPECT_EQ(intake.size(), 18U);
  EXPECT_FALSE(intake.refusal());
}

TEST_F(IntakeTest, SaysWhenTheSpoolFails) {
  mail::Message homeless(loop, offload, {.directory = directory.path() / "gone", .memory = 16}, {});
  Intake intake(homeless, limits());
  intake.decode("\r\n" + std::string(4096, 'x'));
  const auto stored = loop.run_until_done(intake.store());
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().kind, ErrorKind::io);
}

}  // namespace
}  // namespace sekisho
