#include "gateway/mail/text_insertion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/mail/headers.h"

namespace sekisho::mail {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<AddedText> kFooter{{.before = false,
                                      .plain = "--\nExample Ltd, M\u00fcnchen\n",
                                      .html = "<p>Example Ltd, M\u00fcnchen</p>"}};
const std::vector<AddedText> kAsciiFooter{
    {.before = false, .plain = "--\nExample Ltd\n", .html = "<p>Example Ltd</p>"}};

std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

struct Changed {
  std::string left_alone;
  std::string header;
  std::string body;
};

// What goes up, after the way over the wire.
Changed change(std::string_view message, const std::vector<AddedText>& texts = kFooter) {
  const std::string whole = crlf(message);
  const std::size_t header = whole.find("\r\n\r\n") + 4;
  const std::string section = whole.substr(0, header);
  const std::string body = whole.substr(header);
  const auto made = read_insertion(write(insert_texts(section, body, texts)), body.size());
  if (!made) throw std::runtime_error(made.error().text);
  Changed out{.left_alone = made->left_alone, .header = section, .body = {}};
  HeaderEdits edits;
  for (const auto& [name, value] : made->fields) edits.replace(name, value);
  if (!edits.empty()) out.header = edits.apply(section);
  std::size_t at = 0;
  for (const Replacement& one : made->replacements) {
    out.body += body.substr(at, one.offset - at) + one.bytes;
    at = one.offset + one.length;
  }
  out.body += body.substr(at);
  return out;
}

TEST(TextInsertion, AppendsToAPlainAsciiMessage) {
  const auto got = change("Subject: hello\n\nHow are you?\n", kAsciiFooter);
  EXPECT_EQ(got.left_alone, "");
  EXPECT_EQ(got.body, "How are you?\r\n--\r\nExample Ltd\r\n");
  EXPECT_EQ(got.header, "Subject: hello\r\n\r\n");
}

TEST(TextInsertion, AnAsciiMessageThatGetsAnUmlautSaysSo) {
  const auto got = change("Subject: hello\n\nHow are you?\n");
  EXPECT_EQ(got.body, "How are you?\r\n--\r\nExample Ltd, M=C3=BCnchen\r\n");
  EXPECT_THAT(got.header, HasSubstr("MIME-Version: 1.0\r\n"));
  EXPECT_THAT(got.header, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(got.header, HasSubstr("Content-Transfer-Encoding: quoted-printable\r\n"));
}

TEST(TextInsertion, EightBitUtf8StaysEightBit) {
  const auto got = change(
      "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: "
      "8bit\n\nGr\u00fc\u00dfe\n");
  EXPECT_EQ(got.body, "Gr\u00fc\u00dfe\r\n--\r\nExample Ltd, M\u00fcnchen\r\n");
}

TEST(TextInsertion, Latin1GetsItsOwnUmlautsAndAQuestionMarkForWhatItLacks) {
  const auto got = change(
      "Content-Type: text/plain; charset=iso-8859-1\n"
      "Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n",
      {{.before = false, .plain = "M\u00fcnchen \u20ac", .html = {}}});
  EXPECT_EQ(got.body, "Gr=FC=DFe\r\nM=FCnchen ?\r\n");
}

TEST(TextInsertion, Base64IsEncodedAnew) {
  const auto got = change(
      "Content-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: base64\n\naGVsbG8NCg==\n",
      kAsciiFooter);
  EXPECT_EQ(got.body, "aGVsbG8NCi0tDQpFeGFtcGxlIEx0ZA0K\r\n");
}

TEST(TextInsertion, BothTextsOfAnAlternativeGetIt) {
  const auto got = change(
      "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n"
      "--b\nContent-Type: text/plain\n\nHello\n"
      "--b\nContent-Type: text/html; charset=utf-8\n\n"
      "<html><body>Hello</body></html>\n--b--\n");
  EXPECT_EQ(got.left_alone, "");
  EXPECT_THAT(got.body, HasSubstr("Hello\r\n--\r\nExample Ltd, M=C3=BCnchen\r\n"));
  EXPECT_THAT(got.body, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(got.body, HasSubstr("Content-Transfer-Encoding: quoted-printable\r\n"));
  EXPECT_THAT(got.body, HasSubstr("<body>Hello\r\n<p>Example Ltd, M&#252;nchen</p>\r\n</body>"));
  EXPECT_THAT(got.body, EndsWith("--b--\r\n"));
}

TEST(TextInsertion, PrependComesBeforeTheText) {
  const auto got =
      change("MIME-Version: 1.0\nContent-Type: text/html\n\n<html><BODY class=x>Hi</BODY></html>\n",
             {{.before = true, .plain = "EXTERNAL\n", .html = "<b>EXTERNAL</b>"}});
  EXPECT_EQ(got.body, "<html><BODY class=x><b>EXTERNAL</b>\r\nHi</BODY></html>\r\n");
}

TEST(TextInsertion, OnlyTheFirstTextOfAMixedMessageGetsItAndAttachmentsKeepEveryByte) {
  const std::string attachment =
      "--m\nContent-Type: text/plain; name=notes.txt\nContent-Disposition: attachment\n\nkeep "
      "me\n--m--\n";
  const auto got = change(
      "Content-Type: multipart/mixed; boundary=\"m\"\n\npreamble\n"
      "--m\n\nHello\n" +
          attachment,
      kAsciiFooter);
  EXPECT_THAT(got.body,
              StartsWith("preamble\r\n--m\r\n\r\nHello\r\n--\r\nExample Ltd\r\n\r\n--m\r\n"));
  EXPECT_THAT(got.body, EndsWith(crlf(attachment)));
}

TEST(TextInsertion, ASoftLineBreakAtTheEndDoesNotJoinOurText) {
  const auto got = change(
      "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
      "Hello=\n",
      kAsciiFooter);
  EXPECT_EQ(got.body, "Hello\r\n--\r\nExample Ltd\r\n");
}

TEST(TextInsertion, FlowedTextDoesNotFlowIntoOurs) {
  const auto got = change("Content-Type: text/plain; format=flowed\n\nHello\n",
                          {{.before = false, .plain = "a \n>b\nFrom c\n", .html = {}}});
  EXPECT_EQ(got.body, "Hello\r\na\r\n >b\r\n From c\r\n");
}

struct Shape {
  const char* name;
  const char* message;
  const char* why;
};

class LeftAlone : public ::testing::TestWithParam<Shape> {};

TEST_P(LeftAlone, AndKeepsEveryByte) {
  const auto got = change(GetParam().message);
  EXPECT_THAT(got.left_alone, HasSubstr(GetParam().why));
  EXPECT_EQ(got.header + got.body, crlf(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    TextInsertion, LeftAlone,
    ::testing::Values(
        Shape{"signed",
              "Content-Type: multipart/signed; boundary=b\n\n--b\n\nHello\n--b\n\nsig\n--b--\n",
              "signed or encrypted"},
        Shape{"encrypted", "Content-Type: multipart/encrypted; boundary=b\n\n--b\n--b--\n",
              "signed or encrypted"},
        Shape{"smime", "Content-Type: application/pkcs7-mime\n\nMIIB\n", "signed or encrypted"},
        Shape{"signed_within",
              "Content-Type: multipart/mixed; boundary=m\n\n--m\n"
              "Content-Type: multipart/signed; boundary=b\n\n--b\n\nHello\n--b--\n--m--\n",
              "signed or encrypted"},
        Shape{"inline_pgp", "Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\n", "PGP"},
        Shape{"two_types", "Content-Type: text/plain\nContent-Type: text/html\n\nHello\n", "twice"},
        Shape{"no_boundary", "Content-Type: multipart/mixed\n\n--b\n\nHello\n--b--\n",
              "more than one meaning"},
        Shape{"no_end", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n",
              "more than one meaning"},
        Shape{"boundary_with_more",
              "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--bc\n\nx\n--b--\n",
              "more than one meaning"},
        Shape{"comment", "Content-Type: text/plain (c)\n\nHello\n", "more than one meaning"},
        Shape{"unknown_charset", "Content-Type: text/plain; charset=utf-16\n\nHello\n", "charset"},
        Shape{"unknown_encoding", "Content-Transfer-Encoding: x-uuencode\n\nHello\n", "encoding"},
        Shape{"broken_quoted_printable", "Content-Transfer-Encoding: quoted-printable\n\n100=%\n",
              "quoted-printable"},
        Shape{"broken_base64", "Content-Transfer-Encoding: base64\n\n!!!\n", "base64"},
        Shape{"eight_bit_of_no_charset",
              "Subject: x\n\nGr\xfc\xdf"
              "e\n",
              "no charset"},
        Shape{"no_text", "Content-Type: image/png\n\nx\n", "no text"}),
    [](const auto& shape) { return std::string(shape.param.name); });

TEST(TextInsertion, MakesNoPartOutOfWhatWasNoDelimiter) {
  const auto mixed = [](const std::string& part) {
    return "Content-Type: multipart/mixed; boundary=B\n\n--B\n" + part + "\n--B--\n";
  };
  const std::vector<std::string> hostile{
      // Written out, the bytes of a delimiter and of a part's header.
      "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
      "hello=0D=0A=2D=2DB=0D=0AContent-Type: application/x-msdownload=0D=0A=0D=0AMZ",
      // Our text ends with a line end, and what stood behind a tag begins a line.
      "Content-Type: text/html\n\n<body>--B\nContent-Type: application/x-msdownload\n\nMZ",
      // A line that our encoder breaks where the sender wants it.
      "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n" +
          std::string(74, 'x') + "=\n" + "y--B\nContent-Type: application/x-msdownload\n\nMZ"};
  for (const std::string& part : hostile) {
    for (const bool before : {true, false}) {
      auto texts = kFooter;
      texts[0].before = before;
      const auto got = change(mixed(part), texts);
      std::size_t delimiters = 0;
      for (std::size_t at = got.body.find("\n--B"); at != std::string::npos;
           at = got.body.find("\n--B", at + 1))
        ++delimiters;
      EXPECT_EQ(delimiters, 1U) << got.body;  // the last; the first begins the body
    }
  }
}

TEST(TextInsertion, WhatAWorkerSaysMustLieWithinTheMessageAndBeLines) {
  const auto refused = [](const Replacement& one) {
    return !read_insertion(
        write(TextInsertion{.left_alone = {}, .fields = {}, .replacements = {one}}), 10);
  };
  EXPECT_TRUE(refused({11, 0, "x"}));
  EXPECT_TRUE(refused({5, 6, "x"}));
  EXPECT_TRUE(refused({0, 1, "a\nb"}));
  EXPECT_TRUE(refused({0, 1, "a\rb"}));
  EXPECT_TRUE(refused({0, 1, "a\r"}));
  EXPECT_TRUE(refused({0, 1, std::string("\0", 1)}));
  EXPECT_FALSE(refused({0, 10, "a\r\n"}));
  EXPECT_FALSE(read_insertion(
      write(TextInsertion{.left_alone = {}, .fields = {{"Bcc", "x"}}, .replacements = {}}), 10));
  EXPECT_FALSE(
      read_insertion(write(TextInsertion{
                         .left_alone = {}, .fields = {}, .replacements = {{5, 1, ""}, {4, 1, ""}}}),
                     10));
}

}  // namespace
}  // namespace sekisho::mail
