#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "gateway/mail/encoded_words.h"
#include "gateway/mail/headers.h"

namespace sekisho::mail {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kSection =
    "Received: from a\r\n\tby b\r\nsubject:  odd   spacing \r\nX-Tag: 1\r\nTo : x@y\r\nX-Tag: 2\r\n"
    "\r\n";
const std::string kFields = kSection.substr(0, kSection.size() - 2);

TEST(HeaderEdits, WithoutEditsKeepEveryByte) {
  const HeaderEdits edits;
  EXPECT_TRUE(edits.empty());
  for (const std::string_view section :
       {std::string_view(kSection), std::string_view("A: b\r\n \r\n\tc\r\njunk\r\n\r\n"),
        std::string_view("\r\n"), std::string_view("caf\xc3\xa9\r\n\r\n")}) {
    EXPECT_EQ(edits.apply(section), section.substr(0, section.size() - 2));
  }
  EXPECT_EQ(edits.apply("A: b"), "A: b");
  EXPECT_EQ(edits.apply("A: b\r\n"), "A: b\r\n");
  EXPECT_EQ(edits.apply(""), "");
}

TEST(HeaderEdits, AddGoesToTheEndAndPrependToTheTop) {
  HeaderEdits edits;
  edits.add("X-One", "1");
  edits.add("X-Two", "2");
  edits.prepend("X-Top", "3");
  edits.prepend("X-Above", "4");
  EXPECT_EQ(edits.apply(kSection),
            "X-Above: 4\r\nX-Top: 3\r\n" + kFields + "X-One: 1\r\nX-Two: 2\r\n");
}

TEST(HeaderEdits, RemoveTakesEveryFieldOfTheNameAndNothingElse) {
  HeaderEdits edits;
  edits.remove("x-tag");
  EXPECT_EQ(edits.apply(kSection),
            "Received: from a\r\n\tby b\r\nsubject:  odd   spacing \r\nTo : x@y\r\n");
}

TEST(HeaderEdits, RemoveCanChooseByTheFoldedValue) {
  HeaderEdits edits;
  edits.remove("received", [](std::string_view value) { return value == " from a\r\n\tby b"; });
  edits.remove("subject", [](std::string_view) { return false; });
  const std::string edited = edits.apply(kSection);
  EXPECT_THAT(edited, testing::Not(HasSubstr("Received")));
  EXPECT_THAT(edited, HasSubstr("subject:  odd   spacing \r\n"));
}

TEST(HeaderEdits, RemoveMatchesAFieldWithBlanksBeforeItsColon) {
  HeaderEdits edits;
  edits.remove("To");
  EXPECT_THAT(edits.apply(kSection), testing::Not(HasSubstr("x@y")));
}

TEST(HeaderEdits, ReplacePutsOneFieldWhereTheFirstWas) {
  HeaderEdits edits;
  edits.replace("X-TAG", "new");
  EXPECT_EQ(edits.apply(kSection),
            "Received: from a\r\n\tby b\r\nsubject:  odd   spacing \r\nX-TAG: new\r\nTo : x@y\r\n");
}

TEST(HeaderEdits, ReplaceOfAnAbsentFieldAddsIt) {
  HeaderEdits edits;
  edits.replace("X-New", "v");
  EXPECT_EQ(edits.apply(kSection), kFields + "X-New: v\r\n");
}

TEST(HeaderEdits, ApplyInTheOrderGiven) {
  HeaderEdits edits;
  edits.add("X-Spam", "yes");
  edits.remove("X-Spam");
  edits.add("X-Spam", "no");
  EXPECT_EQ(edits.apply("A: b\r\n\r\n"), "A: b\r\nX-Spam: no\r\n");
}

TEST(HeaderEdits, StayAboveATextThatEndsTheSectionWithoutAnEmptyLine) {
  HeaderEdits edits;
  edits.add("X-New", "v");
  edits.prepend("X-Top", "t");
  EXPECT_EQ(edits.apply("A: b\r\njunk\r\nC: d\r\n\r\n"),
            "X-Top: t\r\nA: b\r\nX-New: v\r\njunk\r\nC: d\r\n");
  EXPECT_EQ(edits.apply("\r\n"), "X-Top: t\r\nX-New: v\r\n");
}

TEST(HeaderEdits, CompleteALastLineBeforeAddingToIt) {
  HeaderEdits edits;
  edits.add("X-New", "v");
  EXPECT_EQ(edits.apply("A: b"), "A: b\r\nX-New: v\r\n");
}

// Else a sender could continue the field that we put on top, our Received among them.
TEST(HeaderEdits, LetNoLeadingFoldedLineContinueAFieldOfOurs) {
  HeaderEdits edits;
  edits.prepend("X-Verdict", "clean");
  EXPECT_EQ(edits.apply(" or not\r\nA: b\r\n\r\n"), "X-Verdict: clean\r\n\r\n or not\r\nA: b\r\n");
  EXPECT_EQ(HeaderEdits().apply("\tx\r\n\r\n"), "\r\n\tx\r\n");
}

TEST(HeaderEdits, CannotBeMadeToWriteAnotherFieldOrTheBody) {
  HeaderEdits edits;
  edits.add("X-Evil\r\nBcc", "a\r\nBcc: x@y\r\n\r\nbody");
  const std::string out = edits.apply("A: b\r\n\r\n");
  EXPECT_EQ(Headers::parse(out).fields().size(), 2U);
  EXPECT_EQ(Headers::parse(out).size(), out.size());
  EXPECT_EQ(Headers::parse(out).count("Bcc"), 0U);
}

// --- format_field ---

void expect_fit(const std::string& field, std::string_view what) {
  ASSERT_TRUE(field.ends_with("\r\n")) << what;
  std::string_view rest = field;
  bool first = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    EXPECT_LE(line.size(), 998U) << what;
    EXPECT_TRUE(first || line.starts_with(' ')) << what;
    EXPECT_TRUE(first || !trim(line).empty()) << "a line of blanks: " << what;
    EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= 32 && c < 127; })) << what;
    rest.remove_prefix(end + 2);
    first = false;
  }
}

TEST(FormatField, FoldsAtBlanksWithin78Columns) {
  std::string value;
  for (int i = 0; i < 60; ++i) value += "word" + std::to_string(i) + (i % 7 == 0 ? "  " : " ");
  const std::string field = format_field("X-Long", value);
  expect_fit(field, "words");
  for (std::size_t at = 0; at < field.size();) {
    const std::size_t end = field.find("\r\n", at);
    EXPECT_LE(end - at, 78U);
    at = end + 2;
  }
  EXPECT_EQ(Headers::unfold(field.substr(7, field.size() - 9)), trim(value));
}

TEST(FormatField, KeepsAShortValueAsItIs) {
  EXPECT_EQ(format_field("Subject", "hello"), "Subject: hello\r\n");
  EXPECT_EQ(format_field("X-Empty", ""), "X-Empty:\r\n");
  EXPECT_EQ(format_field("X-Empty", "  "), "X-Empty:\r\n");
}

TEST(FormatField, UndoesTheFoldingThatAValueBrings) {
  EXPECT_EQ(format_field("A", "b\r\n\tc"), "A: b c\r\n");
}

TEST(FormatField, TurnsControlBytesIntoQuestionMarks) {
  EXPECT_EQ(format_field("A", std::string_view("b\r\nC: d\0e\x7f\x1b", 11)), "A: b??C: d?e??\r\n");
  EXPECT_EQ(format_field("A", "b\nc\rd"), "A: b?c?d\r\n");
}

TEST(FormatField, EncodesUtf8AsEncodedWordsThatDecodeToTheSame) {
  for (const std::string value : {"caf\xc3\xa9", "plain caf\xc3\xa9 na\xc3\xafve plain",
                                  "\xf0\x9f\x92\xa9 \xe6\xb0\xb4", "a \xc3\xa9 b \xc3\xa9 c"}) {
    const std::string field = format_field("Subject", value);
    expect_fit(field, value);
    EXPECT_THAT(field, HasSubstr("=?UTF-8?B?"));
    EXPECT_EQ(decode_encoded_words(Headers::unfold(field.substr(8))), value);
  }
}

TEST(FormatField, SplitsLongUtf8BetweenCharacters) {
  std::string value;
  for (int i = 0; i < 400; ++i) value += "\xe6\xb0\xb4";
  const std::string field = format_field("Subject", value);
  expect_fit(field, "long utf-8");
  EXPECT_EQ(decode_encoded_words(Headers::unfold(field.substr(8))), value);
}

TEST(FormatField, TurnsBytesThatAreNotUtf8IntoQuestionMarks) {
  const std::string field = format_field("Subject",
                                         "a \xff\xfe"
                                         "b \xed\xa0\x80");
  expect_fit(field, "invalid");
  EXPECT_EQ(decode_encoded_words(Headers::unfold(field.substr(8))), "a ??b ???");
}

TEST(FormatField, KeepsLinesUnder998WhateverTheWords) {
  for (const std::string& value :
       {std::string(100'000, 'x'), std::string(3'000, ' ') + "x",
        "x" + std::string(3'000, ' ') + "y",
        std::string(899, 'a') + " " + std::string(899, 'b') + " " + std::string(901, 'c')}) {
    expect_fit(format_field("X-Long", value), value.substr(0, 10));
  }
  const std::string word(2'000, 'x');
  EXPECT_EQ(decode_encoded_words(Headers::unfold(format_field("A", word).substr(2))), word);
}

TEST(FormatField, MakesNamesFit) {
  EXPECT_THAT(format_field("X Y:\r\nZ", "v"), StartsWith("X-Y---Z: v\r\n"));
  EXPECT_THAT(format_field("", "v"), StartsWith("X-Unnamed: v\r\n"));
}

}  // namespace
}  // namespace sekisho::mail
