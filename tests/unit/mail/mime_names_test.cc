// What a sender may do to a name so that a filter sees another one than the reader's program.
#include "gateway/mail/mime_names.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/mail/mime_view.h"

namespace sekisho::mail {
namespace {

using namespace std::string_view_literals;

MimePart part_with(std::string_view fields) {
  const std::string message = std::string(fields) + "\r\n\r\nTVqQAAMAAAAEAAAA\r\n";
  const auto view = MimeView::parse_text(message, MimeLimits{});
  EXPECT_TRUE(view.complete) << view.incomplete_reason;
  EXPECT_FALSE(view.parts.empty());
  return view.parts.front();
}

struct NameCase {
  std::string_view shape;
  std::string_view fields;
  std::string_view extension = "exe"sv;
};

const std::vector<NameCase> kShapes{
    {"quoted", "Content-Disposition: attachment; filename=\"evil.exe\""},
    {"bare", "Content-Disposition: attachment; filename=evil.exe"},
    {"only in the type", "Content-Type: application/pdf; name=\"evil.exe\""},
    {"name in the disposition", "Content-Disposition: attachment; name=evil.exe"},
    {"filename in the type", "Content-Type: text/plain; filename=evil.exe"},
    {"upper case", "CONTENT-DISPOSITION: ATTACHMENT; FILENAME=\"EVIL.EXE\""},
    {"blanks round the equals sign", "Content-Disposition: attachment; filename = \"evil.exe\""},
    {"blank before the colon", "Content-Disposition : attachment; filename=evil.exe"},
    {"tabs", "Content-Disposition:\tattachment;\tfilename\t=\tevil.exe"},
    {"no disposition word", "Content-Disposition: filename=evil.exe"},
    {"no semicolon", "Content-Disposition: attachment filename=evil.exe"},
    {"comma for semicolon", "Content-Disposition: attachment, filename=evil.exe"},
    {"empty parameters before", "Content-Disposition: attachment;;; ; filename=evil.exe"},
    {"escapes", "Content-Disposition: attachment; filename=\"evil\\.e\\xe\""},
    {"escaped quote at the end", "Content-Disposition: attachment; filename=\"evil.exe\\\"\""},
    {"unterminated quote", "Content-Disposition: attachment; filename=\"evil.exe"},
    {"quote ended by an escaped one only",
     "Content-Disposition: attachment; filename=\"evil.exe\\"},
    {"quotes in the middle", "Content-Disposition: attachment; filename=ev\"il.ex\"e"},
    {"text after the quotes", "Content-Disposition: attachment; filename=\"evil\".exe"},
    {"two quoted strings", "Content-Disposition: attachment; filename=\"evil\" \".exe\""},
    {"single quotes", "Content-Disposition: attachment; filename='evil.exe'"},
    {"bare with blanks", "Content-Disposition: attachment; filename=my evil.exe"},
    {"bare, cut at a blank", "Content-Disposition: attachment; filename=evil.exe is not .txt"},
    {"semicolon in quotes", "Content-Disposition: attachment; filename=\"evil.exe;.txt\""},
    {"bare semicolon", "Content-Disposition: attachment; filename=evil;.exe"},
    {"comment before the name", "Content-Disposition: attachment; (x.txt) filename=evil.exe"},
    {"comment before the value", "Content-Disposition: attachment; filename=(a.txt)evil.exe"},
    {"comment after the value", "Content-Disposition: attachment; filename=evil.exe(.txt)"},
    {"comment in the value", "Content-Disposition: attachment; filename=evil(x).exe"},
    {"comment between name and sign", "Content-Disposition: attachment; filename(c)=evil.exe"},
    {"nested comments", "Content-Disposition: attachment; filename((a)b\\))=evil.exe"},
    {"unterminated comment", "Content-Disposition: attachment (; filename=evil.exe"},
    {"hidden in another value", "Content-Disposition: attachment; x=\"; filename=evil.exe\""},
    {"folded before the name", "Content-Disposition: attachment;\r\n\tfilename=evil.exe"},
    {"folded in the quotes", "Content-Disposition: attachment; filename=\"evil\r\n .exe\""},
    {"folded in the extension", "Content-Disposition: attachment; filename=\"evil.e\r\n xe\""},
    {"folded everywhere",
     "Content-Disposition:\r\n attachment\r\n ;\r\n filename\r\n =\r\n \"evil.exe\""},
    {"RFC 2231", "Content-Disposition: attachment; filename*=utf-8''evil.exe"},
    {"RFC 2231 percent", "Content-Disposition: attachment; filename*=utf-8'en'evil%2Eex%65"},
    {"RFC 2231 all percent",
     "Content-Disposition: attachment; filename*=us-ascii''%65%2e%65%78%65"},
    {"RFC 2231 in quotes", "Content-Disposition: attachment; filename*=\"utf-8''evil%2eexe\""},
    {"RFC 2231 without charset", "Content-Disposition: attachment; filename*=''evil%2eexe"},
    {"RFC 2231 without quotes", "Content-Disposition: attachment; filename*=evil%2eexe"},
    {"RFC 2231 one quote", "Content-Disposition: attachment; filename*=utf-8'evil%2eexe"},
    {"RFC 2231 unknown charset", "Content-Disposition: attachment; filename*=x-none''evil%2eexe"},
    {"RFC 2231 utf-16",
     "Content-Disposition: attachment; filename*=utf-16be''%00e%00.%00e%00x%00e"},
    {"RFC 2231 utf-7", "Content-Disposition: attachment; filename*=utf-7''evil+AC4-exe"},
    {"continued",
     "Content-Disposition: attachment; filename*0=\"evil.\"; filename*1=\"ex\"; filename*2=e"},
    {"continued out of order",
     "Content-Disposition: attachment; filename*2=e; filename*0=\"evil.\"; filename*1=\"ex\""},
    {"continued, by appearance",
     "Content-Disposition: attachment; filename*1=evil.; filename*0=exe"},
    {"continued from one", "Content-Disposition: attachment; filename*1=evil; filename*2=.exe"},
    {"continued with a gap",
     "Content-Disposition: attachment; filename*0=evil.exe; filename*2=.txt"},
    {"continued over a gap", "Content-Disposition: attachment; filename*0=evil.; filename*7=exe"},
    {"continued twice the same",
     "Content-Disposition: attachment; filename*0=a; filename*1=.txt; filename*1=.exe"},
    {"continued, leading zeros",
     "Content-Disposition: attachment; filename*00=evil; filename*01=.exe"},
    {"continued, huge number",
     "Content-Disposition: attachment; filename*0=evil; filename*99999999999999999999999=.exe"},
    {"continued and encoded",
     "Content-Disposition: attachment; filename*0*=utf-8''evil%2E; filename*1*=e%78e"},
    {"continued, partly encoded",
     "Content-Disposition: attachment; filename*0*=utf-8''evil%2e; filename*1=\"exe\""},
    {"percent cut by a section",
     "Content-Disposition: attachment; filename*0*=utf-8''evil%; filename*1*=2Eexe"},
    {"encoded though not marked",
     "Content-Disposition: attachment; filename*0*=utf-8''evil; filename*1=%2Eexe"},
    {"continued only in the type",
     "Content-Type: application/pdf; name*0=evil; name*1=.exe\r\n"
     "Content-Disposition: attachment; filename=a.pdf"},
    {"plain and RFC 2231 differ",
     "Content-Disposition: attachment; filename=a.txt; filename*=utf-8''evil.exe"},
    {"RFC 2231 and plain differ",
     "Content-Disposition: attachment; filename*=utf-8''a.txt; filename=evil.exe"},
    {"plain and continued differ",
     "Content-Disposition: attachment; filename=a.txt; filename*0=evil; filename*1=.exe"},
    {"blank before the star", "Content-Disposition: attachment; filename *=utf-8''evil%2eexe"},
    {"encoded word B", "Content-Disposition: attachment; filename=\"=?utf-8?B?ZXZpbC5leGU=?=\""},
    {"encoded word B without padding",
     "Content-Disposition: attachment; filename=\"=?utf-8?B?ZXZpbC5leGU?=\""},
    {"encoded word Q", "Content-Disposition: attachment; filename=\"=?iso-8859-1?Q?evil=2Eexe?=\""},
    {"encoded word bare", "Content-Disposition: attachment; filename==?utf-8?q?evil=2eexe?="},
    {"encoded words in two",
     "Content-Disposition: attachment; filename=\"=?utf-8?B?ZXZp?= =?utf-8?B?bC5leGU=?=\""},
    {"encoded words folded",
     "Content-Disposition: attachment; filename=\"=?utf-8?B?ZXZp?=\r\n =?utf-8?B?bC5leGU=?=\""},
    {"encoded word with a language", "Content-Type: a/b; name=\"=?utf-8*en?Q?evil=2Eexe?=\""},
    {"encoded word unended", "Content-Type: a/b; name=\"=?utf-8?B?ZXZpbC5leGU="},
    {"encoded word glued", "Content-Type: a/b; name=\"ev=?utf-8?Q?il=2E?=exe\""},
    {"encoded word in utf-16", "Content-Type: a/b; name=\"=?utf-16le?B?ZQAuAGUAeABlAA==?=\""},
    {"encoded word in utf-7", "Content-Type: a/b; name=\"=?utf-7?Q?evil+AC4-exe?=\""},
    {"whole field as an encoded word",
     "Content-Disposition: =?utf-8?Q?attachment;_filename=3Devil.exe?="},
    {"encoded word in sections",
     "Content-Type: a/b; name*0=\"=?utf-8?B?ZXZp\"; name*1=\"bC5leGU=?=\""},
    {"parameter twice, first", "Content-Disposition: a; filename=evil.exe; filename=a.txt"},
    {"parameter twice, last", "Content-Disposition: a; filename=a.txt; filename=evil.exe"},
    {"field twice, first",
     "Content-Disposition: attachment; filename=evil.exe\r\n"
     "Content-Disposition: attachment; filename=a.txt"},
    {"field twice, last",
     "Content-Disposition: attachment; filename=a.txt\r\n"
     "Content-Disposition: attachment; filename=evil.exe"},
    {"type twice, last", "Content-Type: a/b; name=a.txt\r\nContent-Type: a/b; name=evil.exe"},
    {"type and disposition differ",
     "Content-Type: a/b; name=evil.exe\r\nContent-Disposition: attachment; filename=a.txt"},
    {"trailing dot", "Content-Disposition: attachment; filename=\"evil.exe.\""},
    {"trailing dots and blanks", "Content-Disposition: attachment; filename=\"evil.exe . . \""},
    {"blank before the extension ends", "Content-Disposition: attachment; filename=\"evil. exe\""},
    {"no-break space at the end", "Content-Disposition: attachment; filename=\"evil.exe\xc2\xa0\""},
    {"ideographic space at the end", "Content-Type: a/b; name=\"evil.exe\xe3\x80\x80\""},
    {"zero-width space", "Content-Type: a/b; name=\"evil.e\xe2\x80\x8bxe\xe2\x80\x8b\""},
    {"byte order mark", "Content-Type: a/b; name=\"evil.exe\xef\xbb\xbf\""},
    {"soft hyphen", "Content-Type: a/b; name=\"evil.e\xc2\xadxe\""},
    {"right-to-left override", "Content-Type: a/b; name=\"evil\xe2\x80\xaetxt.exe\""},
    {"override within the extension",
     "Content-Type: a/b; name=\"evil.\xe2\x80\xae"
     "exe\""},
    {"control bytes", "Content-Type: a/b; name=\"evil.e\x01xe\x7f\""},
    {"full-width letters",
     "Content-Type: a/b; name=\"evil\xef\xbc\x8e\xef\xbd\x85\xef\xbd\x98\xef\xbd\x85\""},
    {"one dot leader",
     "Content-Type: a/b; name=\"evil\xe2\x80\xa4"
     "exe\""},
    {"NUL by percent", "Content-Type: a/b; name*=utf-8''evil.exe%00.txt"},
    {"NUL in the extension", "Content-Type: a/b; name*=utf-8''evil.e%00xe"},
    {"NUL by encoded word", "Content-Type: a/b; name=\"=?utf-8?Q?evil.exe=00.txt?=\""},
    {"percent in a plain name", "Content-Type: a/b; name=\"evil%2Eexe\""},
    {"path", "Content-Type: a/b; name=\"a.txt/evil.exe\""},
    {"path with backslashes", "Content-Type: a/b; name=\"C:\\docs.txt\\evil.exe\""},
    {"path climbing", "Content-Type: a/b; name=\"../../evil.exe\""},
    {"path with a slash at the end", "Content-Type: a/b; name=\"evil.exe/\""},
    {"path by percent", "Content-Type: a/b; name*=utf-8''a.txt%2Fevil%2Eexe"},
    {"alternate data stream", "Content-Type: a/b; name=\"evil.exe::$DATA\""},
    {"alternate data stream, hidden", "Content-Type: a/b; name=\"a.txt:evil.exe\""},
    {"double extension", "Content-Type: a/b; name=\"invoice.pdf.exe\""},
    {"nothing before the dot", "Content-Type: a/b; name=\".exe\""},
    {"many blanks before the extension",
     "Content-Type: a/b; name=\"invoice.pdf                                          .exe\""},
    {"quote left over", "Content-Type: a/b; name=\"evil.exe'\""},
};

TEST(PartNames, ShowTheExtensionInEveryShape) {
  EXPECT_GE(kShapes.size(), 60U);
  for (const NameCase& c : kShapes) {
    EXPECT_THAT(part_with(c.fields).extensions(), ::testing::Contains(std::string(c.extension)))
        << c.shape << ": " << c.fields;
  }
}

TEST(PartNames, ShowTheExtensionOfAVeryLongName) {
  for (const std::size_t length : {1000UL, 1025UL, 5000UL, 30'000UL}) {
    const std::string padding(length, 'a');
    const std::string end = "Content-Type: a/b; name=\"" + padding + ".exe\"";
    EXPECT_THAT(part_with(end).extensions(), ::testing::Contains("exe")) << length;
    const std::string cut = "Content-Type: a/b; name=\"evil.exe%00" + padding + "\"";
    EXPECT_THAT(part_with(cut).extensions(), ::testing::Contains("exe")) << length;
  }
}

TEST(PartNames, GiveTheNameItselfInUtf8) {
  struct Case {
    std::string_view fields;
    std::string_view name;
  };
  for (const Case& c : {
           Case{"Content-Type: a/b; name*=iso-8859-1''caf%E9.txt", "caf\xc3\xa9.txt"},
           Case{"Content-Type: a/b; name*=windows-1251'ru'%CF%EB%E0%ED.doc",
                "\xd0\x9f\xd0\xbb\xd0\xb0\xd0\xbd.doc"},
           Case{"Content-Type: a/b; name=\"=?koi8-r?B?8MzBzi5kb2M=?=\"",
                "\xd0\x9f\xd0\xbb\xd0\xb0\xd0\xbd.doc"},
           Case{"Content-Type: a/b; name=\"=?iso-2022-jp?B?GyRCO3FOQRsoQi5kb2M=?=\"",
                "\xe8\xb3\x87\xe6\x96\x99.doc"},
           Case{"Content-Type: a/b; name=\"=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=\"",
                "\xc3\xa9\xc3\xa9"},
           Case{"Content-Type: a/b; name=\"=?utf-8?B?w?= =?utf-8?Q?=C3?= =?utf-8?Q?=A9?=\"",
                "\xc3\xa9"},
           Case{"Content-Type: a/b; name*0*=utf-8''%C3; name*1*=%A9.txt", "\xc3\xa9.txt"},
       }) {
    EXPECT_THAT(part_with(c.fields).names, ::testing::Contains(std::string(c.name))) << c.fields;
  }
}

TEST(PartNames, GiveTheStandardReadingFirst) {
  EXPECT_EQ(part_with("Content-Type: a/b; name=\"a b \\\"c\\\".txt\"").names.front(),
            "a b \"c\".txt");
  EXPECT_EQ(part_with("Content-Type: a/b; name*=utf-8''%41.txt").names.front(), "A.txt");
  EXPECT_EQ(part_with("Content-Type: a/b; name*0=a; name*1=b.txt").names.front(), "ab.txt");
}

TEST(PartNames, AreNoneWithoutAParameterThatNames) {
  for (const std::string_view fields :
       {"Content-Type: text/plain", "Content-Type: text/plain; charset=utf-8; x-name=evil.exe",
        "Content-Disposition: attachment; filenames=evil.exe", "Subject: filename=evil.exe"}) {
    EXPECT_TRUE(part_with(fields).names.empty()) << fields;
  }
}

TEST(Extensions, AreWhatFollowsTheLastDotThatCounts) {
  struct Case {
    std::string_view name;
    std::vector<std::string> extensions;
  };
  for (const Case& c : std::vector<Case>{{"run.exe.txt", {"txt"}},
                                         {"invoice.pdf.exe", {"exe"}},
                                         {"archive.tar.gz", {"gz"}},
                                         {"README", {}},
                                         {"...", {}},
                                         {"", {}},
                                         {"a.", {}},
                                         {"a.B.", {"b"}},
                                         {"x.{3050F4D8-98B5}", {"{3050f4d8-98b5}"}},
                                         {"\xff\xfe.exe", {"exe"}}}) {
    std::vector<std::string> found;
    add_extensions(found, c.name);
    EXPECT_EQ(found, c.extensions) << c.name;
  }
}

}  // namespace
}  // namespace sekisho::mail
