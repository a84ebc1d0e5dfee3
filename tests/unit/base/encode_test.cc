#include "gateway/base/encode.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "gateway/base/utf8.h"

namespace sekisho {
namespace {

using namespace std::string_view_literals;

TEST(EncodeForLog, LeavesPrintableAsciiAndLettersOfOtherScriptsAlone) {
  EXPECT_EQ(encode_for_log("alice@example.org <x> 50%"), "alice@example.org <x> 50%");
  EXPECT_EQ(encode_for_log("grüße 関所 🙂"), "grüße 関所 🙂");
}

struct Case {
  std::string_view bytes;
  std::string_view shown;
};

TEST(EncodeForLog, NeutralisesWhatCouldBreakALineOrDriveATerminal) {
  const Case cases[] = {
      {"a\r\nFAKE line"sv, R"(a\r\nFAKE line)"},
      {"tab\there"sv, R"(tab\there)"},
      {"nul\0byte"sv, R"(nul\x00byte)"},
      {"\x1b[2J"sv, R"(\x1b[2J)"},
      {"\x7f"sv, R"(\x7f)"},
      {"say \"hi\""sv, R"(say \"hi\")"},
      {"back\\slash"sv, R"(back\\slash)"},
      {"\xc2\x9b"sv, R"(\u009b)"},                    // C1: CSI in one code point
      {"\x9b"sv, R"(\x9b)"},                          // C1 as a bare byte
      {"\xe2\x80\xa8"sv, R"(\u2028)"},                // line separator
      {"\xe2\x80\xa9"sv, R"(\u2029)"},                // paragraph separator
      {"\xe2\x80\xae"sv, R"(\u202e)"},                // right-to-left override
      {"\xe2\x81\xa6"sv, R"(\u2066)"},                // left-to-right isolate
      {"\xe2\x80\x8f"sv, R"(\u200f)"},                // right-to-left mark
      {"\xd8\x9c"sv, R"(\u061c)"},                    // Arabic letter mark
      {"\xef\xbb\xbf"sv, R"(\ufeff)"},                // byte order mark
      {"\xf3\xa0\x81\x81"sv, R"(\U000e0041)"},        // tag letter
      {"\xef\xbf\xbf"sv, R"(\uffff)"},                // noncharacter
      {"\xc0\xaf"sv, R"(\xc0\xaf)"},                  // overlong '/'
      {"\xed\xa0\x80"sv, R"(\xed\xa0\x80)"},          // surrogate
      {"\xf4\x90\x80\x80"sv, R"(\xf4\x90\x80\x80)"},  // above U+10FFFF
      {"\xe2\x82"sv, R"(\xe2\x82)"},                  // cut sequence
  };
  for (const auto& [bytes, shown] : cases) EXPECT_EQ(encode_for_log(bytes), shown);
}

TEST(EncodeForLog, NeverPassesAControlByteNorInvalidUtf8WhateverTheBytes) {
  std::string bytes;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      bytes = {static_cast<char>(first), static_cast<char>(second), '\x80'};
      const auto shown = encode_for_log(bytes);
      ASSERT_TRUE(is_utf8(shown));
      ASSERT_TRUE(
          std::ranges::none_of(shown, [](char c) { return (c >= 0 && c < 32) || c == 127; }));
    }
  }
}

TEST(EncodeForLog, CutsToItsLimitAndSaysSo) {
  EXPECT_EQ(encode_for_log("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(encode_for_log("abcdefghi", 8), "abcde…");
  EXPECT_EQ(encode_for_log(std::string(1'000'000, '\n'), 512).size(), 511U);
  EXPECT_EQ(encode_for_log("ab", 1), "");
}

TEST(EncodeForLog, NeverCutsInTheMiddleOfACharacterOrAnEscape) {
  for (std::size_t max = 0; max < 40; ++max) {
    const auto shown = encode_for_log("äöü\n€\x1b🙂\xff äöü€🙂", max);
    ASSERT_LE(shown.size(), max);
    ASSERT_TRUE(is_utf8(shown)) << shown;
    ASSERT_FALSE(shown.ends_with('\\') || shown.ends_with("\\x1")) << shown;
  }
}

TEST(EncodeForHeader, ReplacesWhatWouldEndTheCommentOrTheLine) {
  EXPECT_EQ(encode_for_header("mail.example (x) \\ \r\nBcc: a\0b é"sv),
            "mail.example ?x? ? ??Bcc: a?b ??");
  EXPECT_EQ(encode_for_header("abcdef", 3), "abc");
}

TEST(EncodeForSmtp, ReplacesControlBytesAndEightBitBytes) {
  EXPECT_EQ(encode_for_smtp("550 no (really)\\\r\n250 ok\t\x7f\xff"sv),
            "550 no (really)\\??250 ok???");
  EXPECT_EQ(encode_for_smtp("abcdef", 2), "ab");
}

TEST(EncodeXtext, EscapesPlusEqualsBlanksControlsAndEightBitBytes) {
  EXPECT_EQ(encode_xtext("a+b=c d\r\n\0\xe9~!"sv), "a+2Bb+3Dc+20d+0D+0A+00+E9~!");
}

TEST(IsUtf8, TellsWellFormedFromMalformed) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("aé€🙂\x00 "sv));
  EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf"));
  for (const auto bad :
       {"\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xbf\xbf"sv, "\xf0\x8f\xbf\xbf"sv,
        "\xf5\x80\x80\x80"sv, "\xff"sv, "a\xe2\x82"sv, "\xe2\x28\xa1"sv}) {
    EXPECT_FALSE(is_utf8(bad)) << encode_for_log(bad);
  }
}

}  // namespace
}  // namespace sekisho
