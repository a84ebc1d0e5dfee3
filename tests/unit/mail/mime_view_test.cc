#include "gateway/mail/mime_view.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/text.h"

namespace sekisho::mail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kExe = "Content-Type: application/octet-stream; name=evil.exe\r\n\r\nMZ\r\n";

MimeView view_of(std::string_view message, const MimeLimits& limits = {}) {
  return MimeView::parse_text(message, limits);
}

std::vector<std::string> types(const MimeView& view) {
  std::vector<std::string> out;
  for (const MimePart& part : view.parts) out.push_back(std::to_string(part.depth) + part.type);
  return out;
}

bool finds_exe(const MimeView& view) {
  return std::ranges::any_of(view.parts, [](const MimePart& part) {
    const auto extensions = part.extensions();
    return std::ranges::find(extensions, "exe") != extensions.end();
  });
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '=' || c == '-') {
      out += c == '=' ? "=3D" : "=2D";
    } else {
      out += c;
    }
  }
  return out;
}

std::string base64_lines(std::string_view text) {
  std::string out;
  const std::string all = base64_encode(text);
  for (std::size_t i = 0; i < all.size(); i += 76) out += all.substr(i, 76) + "\r\n";
  return out;
}

TEST(MimeView, OfAPlainMessageIsOnePart) {
  const auto view = view_of("Subject: x\r\n\r\nhello\r\n");
  ASSERT_EQ(view.parts.size(), 1U);
  EXPECT_EQ(view.parts[0].type, "text/plain");
  EXPECT_EQ(view.parts[0].encoding, "");
  EXPECT_EQ(view.parts[0].disposition, "");
  EXPECT_EQ(view.parts[0].offset, 14U);
  EXPECT_EQ(view.parts[0].size, 7U);
  EXPECT_EQ(view.parts[0].magic, "hello\r\n");
  EXPECT_TRUE(view.complete);
}

TEST(MimeView, OfAnEmptyMessageIsOneEmptyPart) {
  for (const std::string_view message : {"", "\r\n", "A: b\r\n", "A: b"}) {
    const auto view = view_of(message);
    ASSERT_EQ(view.parts.size(), 1U) << message;
    EXPECT_EQ(view.parts[0].size, 0U) << message;
  }
}

TEST(MimeView, TellsTypeDispositionEncodingMagicAndPlaceOfEachPart) {
  const std::string message =
      "Content-Type: Multipart/MIXED; boundary=\"b b\"\r\n\r\npreamble\r\n--b b\r\n"
      "Content-Type: Text / (c) HTML; charset=x\r\nContent-Disposition: INLINE (x)\r\n\r\n"
      "<html>\r\n--b b  \r\n"
      "Content-Type: application/pdf\r\nContent-Transfer-Encoding: (c) BASE64\r\n"
      "Content-Disposition: attachment\r\n\r\nJVBERi0xLjQKJeLjz9MKMSAwIG9iago8PA==\r\n"
      "--b b--\r\nepilogue\r\n";
  const auto view = view_of(message);
  EXPECT_TRUE(view.complete);
  EXPECT_THAT(types(view), ElementsAre("0multipart/mixed", "1text/html", "1application/pdf"));
  EXPECT_EQ(view.parts[1].disposition, "inline");
  EXPECT_EQ(view.parts[1].magic, "<html>");
  EXPECT_EQ(view.parts[1].offset, message.find("<html>"));
  EXPECT_EQ(view.parts[1].size, 6U);
  EXPECT_EQ(view.parts[2].disposition, "attachment");
  EXPECT_EQ(view.parts[2].encoding, "base64");
  EXPECT_EQ(view.parts[2].magic, "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1");
  EXPECT_EQ(view.parts[2].size, 36U);
  EXPECT_EQ(view.parts[0].size, message.size() - message.find("preamble"));
}

TEST(MimeView, DecodesTheMagicOfQuotedPrintable) {
  const auto view = view_of(
      "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "=4D=\r\n=5A=90=  \r\nx==1\r\n=0");
  EXPECT_EQ(view.parts[0].magic, "MZ\x90x==1\r\n");
}

TEST(MimeView, TakesAnAbsentOrEmptyTypeForText) {
  EXPECT_THAT(types(view_of("Content-Type:\r\n\r\nx")), ElementsAre("0text/plain"));
  EXPECT_THAT(types(view_of("Content-Type: ; name=x\r\n\r\nx")), ElementsAre("0text/plain"));
  EXPECT_THAT(types(view_of("Content-Type: \"image/png\"\r\n\r\nx")), ElementsAre("0image/png"));
  EXPECT_THAT(types(view_of("Content-Type: image/png charset=x\r\n\r\nx")),
              ElementsAre("0image/png"));
}

TEST(MimeView, WalksNestedMultiparts) {
  const auto view = view_of(
      "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
      "Content-Type: multipart/alternative; boundary=aa\r\n\r\n--aa\r\n\r\none\r\n--aa\r\n"
      "Content-Type: text/html\r\n\r\ntwo\r\n--aa--\r\n--a\r\n" +
      kExe + "--a--\r\n");
  EXPECT_THAT(types(view), ElementsAre("0multipart/mixed", "1multipart/alternative", "2text/plain",
                                       "2text/html", "1application/octet-stream"));
  EXPECT_EQ(view.parts[4].magic, "MZ");
}

TEST(MimeView, TakesAnOuterDelimiterForTheEndOfWhatIsOpenWithin) {
  const auto view = view_of(
      "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
      "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\none\r\n--a\r\n" +
      kExe);
  EXPECT_THAT(types(view), ElementsAre("0multipart/mixed", "1multipart/alternative", "2text/plain",
                                       "1application/octet-stream"));
}

TEST(MimeView, WalksMessagesWithinMessages) {
  const auto view = view_of(
      "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: message/rfc822\r\n\r\n" +
      kExe);
  EXPECT_THAT(types(view),
              ElementsAre("0message/rfc822", "1message/rfc822", "2application/octet-stream"));
  EXPECT_TRUE(finds_exe(view));
}

TEST(MimeView, WalksDigestsByTheirDefaultType) {
  const auto view =
      view_of("Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\n" + kExe + "--d--\r\n");
  EXPECT_THAT(types(view),
              ElementsAre("0multipart/digest", "1message/rfc822", "2application/octet-stream"));
}

TEST(MimeView, WalksEncodedMessages) {
  const std::string inner =
      "Subject: x\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n" + kExe + "--i--\r\n";
  struct Case {
    std::string_view encoding;
    std::string body;
  };
  for (const Case& c :
       {Case{"base64", base64_lines(inner)}, Case{"quoted-printable", quoted_printable(inner)}}) {
    const auto view = view_of("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: " +
                              std::string(c.encoding) + "\r\n\r\n" + c.body);
    EXPECT_TRUE(finds_exe(view)) << c.encoding;
    EXPECT_THAT(types(view), testing::IsSupersetOf({"0message/rfc822", "1multipart/mixed",
                                                    "2application/octet-stream"}));
    EXPECT_EQ(view.parts[0].size, c.body.size());
  }
}

TEST(MimeView, WalksMessagesEncodedTwice) {
  const std::string header =
      "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  std::string message = kExe;
  for (int i = 0; i < 5; ++i) message = base64_lines(message).insert(0, header);
  EXPECT_TRUE(finds_exe(view_of(message)));
}

TEST(MimeView, WalksAMultipartWhetherItsEncodingIsTrueOrNot) {
  const std::string header =
      "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string body = "--b\r\n" + kExe + "--b--\r\n";
  EXPECT_TRUE(finds_exe(view_of(header + body)));
  EXPECT_TRUE(finds_exe(view_of(header + base64_lines(body))));
}

TEST(MimeView, WalksAnAttachedMessageFileWhateverItsType) {
  const std::string header = "Content-Type: application/octet-stream; name=mail.EML\r\n";
  EXPECT_TRUE(finds_exe(view_of(header + "\r\n" + kExe)));
  EXPECT_TRUE(finds_exe(
      view_of(header + "Content-Transfer-Encoding: base64\r\n\r\n" + base64_lines(kExe))));
}

TEST(MimeView, ShowsNoPartsOfAMessageThatIsNone) {
  const auto view =
      view_of("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
              base64_lines(std::string(300, '\xee')));
  EXPECT_THAT(types(view), ElementsAre("0message/rfc822"));
}

struct Hidden {
  std::string_view how;
  std::string message;
};

const std::string kMixed = "Content-Type: multipart/mixed; boundary=b\r\n";

const std::vector<Hidden> kHidden{
    {"no closing delimiter", kMixed + "\r\n--b\r\n" + kExe},
    {"no line end at the end", kMixed + "\r\n--b\r\nContent-Type: a/b; name=evil.exe"},
    {"part after the closing delimiter", kMixed + "\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n" + kExe},
    {"closed at once", kMixed + "\r\n--b--\r\n--b\r\n" + kExe},
    {"no boundary parameter", "Content-Type: multipart/mixed\r\n\r\nx\r\n--any\r\n" + kExe},
    {"no boundary parameter, and a bait",
     "Content-Type: multipart/mixed\r\n\r\n--bait\r\n--any\r\n" + kExe},
    {"delimiter in another case", kMixed + "\r\n--B\r\n" + kExe},
    {"delimiter with text after it", kMixed + "\r\n--b (c)\r\n" + kExe},
    {"empty boundary", "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n" + kExe},
    {"boundary with blanks after the line", kMixed + "\r\n--b \t \r\n" + kExe},
    {"boundary with blanks in its quotes",
     "Content-Type: multipart/mixed; boundary=\"b  \"\r\n\r\n--b\r\n" + kExe},
    {"boundary with a bare blank",
     "Content-Type: multipart/mixed; boundary=b c\r\n\r\n--b\r\n" + kExe},
    {"boundary with a bare blank, whole",
     "Content-Type: multipart/mixed; boundary=b c\r\n\r\n--b c\r\n" + kExe},
    {"boundary by RFC 2231",
     "Content-Type: multipart/mixed; boundary*=us-ascii''%62\r\n\r\n--b\r\n" + kExe},
    {"boundary continued",
     "Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\r\n\r\n--bc\r\n" + kExe},
    {"boundary twice, first",
     "Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n--b\r\n" + kExe},
    {"boundary twice, last",
     "Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n--c\r\n" + kExe},
    {"boundary with escapes",
     "Content-Type: multipart/mixed; boundary=\"\\b\\c\"\r\n\r\n--bc\r\n" + kExe},
    {"boundary with escapes, as it stands",
     "Content-Type: multipart/mixed; boundary=\"\\b\\c\"\r\n\r\n--\\b\\c\r\n" + kExe},
    {"boundary with a comment",
     "Content-Type: multipart/mixed; boundary=b(c)\r\n\r\n--b\r\n" + kExe},
    {"boundary in an upper-case parameter",
     "CONTENT-TYPE: MULTIPART/MIXED; BOUNDARY=b\r\n\r\n--b\r\n" + kExe},
    {"boundary of 900 characters",
     "Content-Type: multipart/mixed; boundary=" + std::string(900, 'q') + "\r\n\r\n--" +
         std::string(900, 'q') + "\r\n" + kExe},
    {"delimiter longer than the boundary", kMixed + "\r\n--bbb\r\n" + kExe},
    {"type twice, multipart first", kMixed + "Content-Type: text/plain\r\n\r\n--b\r\n" + kExe},
    {"type twice, multipart last", "Content-Type: text/plain\r\n" + kMixed + "\r\n--b\r\n" + kExe},
    {"multipart twice, other boundaries",
     "Content-Type: multipart/mixed; boundary=c\r\n" + kMixed + "\r\n--b\r\n" + kExe},
    {"multipart with blanks in the type",
     "Content-Type: multipart / mixed; boundary=b\r\n\r\n--b\r\n" + kExe},
    {"multipart without a subtype", "Content-Type: multipart; boundary=b\r\n\r\n--b\r\n" + kExe},
    {"multipart of unknown kind",
     "Content-Type: multipart/x-evil; boundary=b\r\n\r\n--b\r\n" + kExe},
    {"type as an encoded word",
     "Content-Type: =?utf-8?Q?multipart/mixed;_boundary=3Db?=\r\n\r\n--b\r\n" + kExe},
    {"junk line before the header", "junk\r\n" + kMixed + "\r\n--b\r\n" + kExe},
    {"mbox line before the header",
     "From a@b Mon Jan  1 10:00:00 2024\r\n" + kMixed + "\r\n--b\r\n" + kExe},
    {"folding before the header", " folded\r\n" + kMixed + "\r\n--b\r\n" + kExe},
    {"junk line in the header", "Subject: x\r\njunk\r\n" + kMixed + "\r\n--b\r\n" + kExe},
    {"junk line in the part's header",
     kMixed + "\r\n--b\r\nContent-Type: a/b\r\njunk\r\nContent-Disposition: attachment; "
              "filename=evil.exe\r\n\r\nMZ\r\n--b--\r\n"},
    {"delimiter in the part's header",
     kMixed + "\r\n--b\r\nContent-Type: a/b\r\n--b\r\nContent-Disposition: attachment; "
              "filename=evil.exe\r\n\r\nMZ\r\n--b--\r\n"},
    {"delimiter-like field in the part's header",
     kMixed + "\r\n--b\r\nContent-Type: a/b\r\n--bX: y\r\nContent-Disposition: attachment; "
              "filename=evil.exe\r\n\r\nMZ\r\n--b--\r\n"},
    {"line of blanks for the empty one", kMixed + " \r\n--b:x\r\n--b\r\n" + kExe},
    {"line of blanks in the part's header",
     kMixed + "\r\n--b\r\nContent-Type: a/b\r\n \r\n\tContent-X: y\r\nContent-Disposition: "
              "attachment; filename=evil.exe\r\n\r\nMZ\r\n--b--\r\n"},
    {"no empty line after the part's header",
     kMixed + "\r\n--b\r\nContent-Type: a/b; name=evil.exe\r\n--b--\r\n"},
    {"megabyte of other fields before",
     "X-Pad: " + std::string(1'000'000, 'x') + "\r\n" + kMixed + "\r\n--b\r\n" + kExe},
    {"preamble of one endless line",
     kMixed + "\r\n" + std::string(200'000, 'x') + "\r\n--b\r\n" + kExe},
    {"encoding that isn't known",
     kMixed + "Content-Transfer-Encoding: x-none\r\n\r\n--b\r\n" + kExe},
    {"message with bare LF in base64",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         base64_lines("Subject: x\nContent-Type: a/b; name=evil.exe\n\nMZ\n")},
    {"message with bare CR in base64",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         base64_lines("Subject: x\rContent-Type: multipart/mixed; boundary=b\r\r--b\rContent-Type: "
                      "a/b; name=evil.exe\r\rMZ\r")},
    {"encoding twice, first",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n"
     "Content-Transfer-Encoding: 7bit\r\n\r\n" +
         base64_lines(kExe)},
    {"encoding twice, last",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n"
     "Content-Transfer-Encoding: base64\r\n\r\n" +
         base64_lines(kExe)},
    {"partial message", "Content-Type: message/partial; number=1; total=2; id=x\r\n\r\n" + kExe},
    {"message/global", "Content-Type: message/global\r\n\r\n" + kExe},
    {"external body", "Content-Type: message/external-body; access-type=x\r\n\r\n" + kExe},
    {"base64 with foreign characters and padding within",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n*" +
         base64_encode("X") + "\r\n!" + base64_encode(": y\r\n") + "-.-" + base64_encode(kExe)},
    {"uuencode in text", "Subject: x\r\n\r\nhi\r\nbegin 644 evil.exe\r\n#35J0\r\n`\r\nend\r\n"},
    {"uuencode, two blanks", "\r\nbegin  evil.exe\r\n#35J0\r\n`\r\nend\r\n"},
    {"uuencode, quotes", "\r\nbegin 0644 \"evil.exe\"\r\n#35J0\r\nend\r\n"},
    {"uuencode without an end", "\r\nbegin 644 evil.exe\r\n"},
    {"uuencode without a line end", "\r\nbegin 644 evil.exe"},
    {"uuencode in quoted-printable text",
     "Content-Transfer-Encoding: quoted-printable\r\n\r\nx=0D=0Abegin=20644 ev=\r\nil.exe=0D=0A"},
    {"uuencode in base64 text",
     "Content-Transfer-Encoding: base64\r\n\r\n" + base64_lines("x\r\nbegin 644 evil.exe\r\n")},
    {"uuencode in HTML", "Content-Type: text/html\r\n\r\nbegin 644 evil.exe\r\n#35J0\r\nend\r\n"},
    {"uuencode by its encoding",
     "Content-Type: a/b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 evil.exe\r\n"},
    {"begin-base64", "\r\nbegin-base64 644 evil.exe\r\nTVqQAAM=\r\n====\r\n"},
    {"yEnc", "\r\n=ybegin line=128 size=3 name=evil.exe\r\nw\x84\r\n=yend size=3\r\n"},
};

TEST(MimeView, FindsWhatTheStructureHides) {
  for (const Hidden& hidden : kHidden) {
    EXPECT_TRUE(finds_exe(view_of(hidden.message))) << hidden.how;
  }
}

TEST(MimeView, ListsAPartOnceForEachTypeAndEncodingThatItClaims) {
  const auto view = view_of(
      "Content-Type: text/plain\r\nContent-Type: application/x-sh\r\n"
      "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n");
  ASSERT_EQ(view.parts.size(), 3U);
  EXPECT_EQ(view.parts[0].type, "text/plain");
  EXPECT_EQ(view.parts[0].magic, "TVqQ\r\n");
  EXPECT_EQ(view.parts[1].type, "application/x-sh");
  EXPECT_EQ(view.parts[2].encoding, "base64");
  EXPECT_EQ(view.parts[2].magic, "MZ\x90");
}

TEST(MimeView, TakesTheTextBeforeAndAfterTheDelimitersForNoPart) {
  const auto view = view_of(kMixed +
                            "\r\nContent-Type: a/b; name=evil.exe\r\n\r\n--b\r\n\r\nx\r\n"
                            "--b--\r\nContent-Type: a/b; name=evil.exe\r\n\r\n");
  EXPECT_THAT(types(view), ElementsAre("0multipart/mixed", "1text/plain"));
  EXPECT_FALSE(finds_exe(view));
}

TEST(MimeView, TakesNoLineOfBodyForADelimiterThatOnlyResemblesOne) {
  const auto view =
      view_of(kMixed + "\r\n--b\r\n\r\n--c\r\n -- b\r\n-b\r\n--\r\nx--b\r\n--b--\r\n");
  EXPECT_THAT(types(view), ElementsAre("0multipart/mixed", "1text/plain"));
}

TEST(MimeView, PrefersTheWholeBoundaryToTheBeginningOfOne) {
  const auto view = view_of(
      "Content-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n"
      "Content-Type: multipart/mixed; boundary=abc\r\n\r\n--abc\r\n\r\nx\r\n--abc\r\n\r\ny\r\n"
      "--abc--\r\n--ab\r\n\r\nz\r\n--ab--\r\n");
  EXPECT_THAT(types(view), ElementsAre("0multipart/mixed", "1multipart/mixed", "2text/plain",
                                       "2text/plain", "1text/plain"));
}

TEST(MimeView, KeepsTheOuterPartsWhenBothLevelsUseOneBoundary) {
  const auto view = view_of(kMixed + "\r\n--b\r\n" + kMixed +
                            "\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n" + kExe + "--b--\r\n");
  EXPECT_THAT(types(view), ElementsAre("0multipart/mixed", "1multipart/mixed", "2text/plain",
                                       "1application/octet-stream"));
}

TEST(MimeView, ReadsThePlaceAndBytesOfUuencodedFiles) {
  const std::string message =
      "\r\nhi\r\nbegin 644 a.bin\r\n#35J0\r\n`\r\nend\r\nbegin 755 b.sh\r\n#35J0\r\n`\r\nend\r\n";
  const auto view = view_of(message);
  ASSERT_EQ(view.parts.size(), 3U);
  EXPECT_EQ(view.parts[1].names, std::vector<std::string>{"a.bin"});
  EXPECT_EQ(view.parts[1].magic, "MZ\x90");
  EXPECT_EQ(view.parts[1].encoding, "x-uuencode");
  EXPECT_EQ(view.parts[1].type, "application/octet-stream");
  EXPECT_EQ(view.parts[1].depth, 1);
  EXPECT_EQ(view.parts[1].offset, message.find("#35J0"));
  EXPECT_EQ(view.parts[1].size, 10U);
  EXPECT_EQ(view.parts[2].names, std::vector<std::string>{"b.sh"});
}

TEST(MimeView, TakesNoProseForAUuencodedFile) {
  for (const std::string_view line :
       {"begin the work", "begin 6 evil.exe", "begin 64411 evil.exe", "begin 644",
        "beginning 644 x", " begin 644 evil.exe", "begin 644evil.exe", "BEGIN 644 evil.exe"}) {
    EXPECT_EQ(view_of("\r\n" + std::string(line) + "\r\nx\r\n").parts.size(), 1U) << line;
  }
  EXPECT_EQ(view_of("Content-Type: image/png\r\n\r\nbegin 644 evil.exe\r\n").parts.size(), 1U);
}

TEST(MimeView, KeepsDecodedBodiesWhereTheyAreAskedFor) {
  const std::string message =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: text/plain; charset=\"UTF-8\"\r\n\r\nas it is\r\n--b\r\n"
      "Content-Transfer-Encoding: base64\r\nContent-Type: message/rfc822\r\n\r\n" +
      base64_lines("Content-Type: text/html\r\n\r\n<p>inner</p>") + "--b--\r\n";
  const auto view = MimeView::parse_text(message, {}, MimeView::Bodies::keep);
  ASSERT_EQ(view.parts.size(), 4U);
  EXPECT_EQ(view.parts[1].charset, "utf-8");
  EXPECT_EQ(view.parts[1].body, std::nullopt);
  EXPECT_EQ(message.substr(view.parts[1].offset, view.parts[1].size), "as it is");
  ASSERT_TRUE(view.parts[2].body && view.parts[3].body);
  EXPECT_EQ(view.bodies[*view.parts[2].body], "Content-Type: text/html\r\n\r\n<p>inner</p>");
  EXPECT_EQ(view.bodies[*view.parts[3].body], "<p>inner</p>");
  EXPECT_TRUE(view_of(message).bodies.empty());
}

}  // namespace
}  // namespace sekisho::mail
