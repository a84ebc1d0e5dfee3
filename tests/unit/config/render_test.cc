#include <gtest/gtest.h>

#include "gateway/config/load.h"

namespace sekisho::config {
namespace {

Diagnostic example() {
  Diagnostic diagnostic;
  diagnostic.file = "sekisho.toml";
  diagnostic.line = 3;
  diagnostic.column = 1;
  diagnostic.length = 6;
  diagnostic.message = "unknown key `adress`";
  diagnostic.hint = "did you mean `address`?";
  diagnostic.source_line = "adress = \"127.0.0.1:25\"";
  return diagnostic;
}

TEST(Diagnostic, ShowsPlaceLineCaretsAndTheWayOut) {
  EXPECT_EQ(example().render(),
            "sekisho.toml:3:1: error: unknown key `adress`\n"
            "    3 | adress = \"127.0.0.1:25\"\n"
            "      | ^^^^^^ did you mean `address`?\n");
}

TEST(Diagnostic, WarningsSaySo) {
  Diagnostic diagnostic = example();
  diagnostic.warning = true;
  diagnostic.hint.clear();
  EXPECT_EQ(diagnostic.render(),
            "sekisho.toml:3:1: warning: unknown key `adress`\n"
            "    3 | adress = \"127.0.0.1:25\"\n"
            "      | ^^^^^^\n");
}

TEST(Diagnostic, WholeFileHasNoLineToShow) {
  Diagnostic diagnostic = example();
  diagnostic.line = 0;
  EXPECT_EQ(diagnostic.render(),
            "sekisho.toml: error: unknown key `adress`\n      | did you mean `address`?\n");
}

TEST(Diagnostic, CountsCharactersAndNotBytes) {
  Diagnostic diagnostic = example();
  diagnostic.source_line = "é = \"日本\" x";
  diagnostic.column = 10;
  diagnostic.length = 1;
  diagnostic.hint.clear();
  EXPECT_NE(diagnostic.render().find("\n      |          ^\n"), std::string::npos)
      << diagnostic.render();
}

TEST(Diagnostic, ControlBytesReachNoTerminal) {
  Diagnostic diagnostic = example();
  diagnostic.file = "a\nb";
  diagnostic.source_line = "x\x1b[31m\xff\xc2\x9b\ty";
  diagnostic.message = "bad \x1b[0m";
  diagnostic.hint = "\r\n";
  const std::string text = diagnostic.render();
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' ||
                (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f))
        << text;
  }
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(Diagnostic, LongLineIsCutAroundThePlace) {
  Diagnostic diagnostic = example();
  diagnostic.source_line = std::string(5000, 'a') + "HERE" + std::string(5000, 'b');
  diagnostic.column = 5001;
  diagnostic.length = 4;
  const std::string text = diagnostic.render();
  EXPECT_LT(text.size(), 600U);
  const auto carets = text.find("^^^^");
  ASSERT_NE(carets, std::string::npos) << text;
  const auto line_start = text.rfind('\n', carets) + 1;
  const auto shown = text.find("HERE");
  const auto shown_start = text.rfind('\n', shown) + 1;
  // "…" is three bytes and one column.
  EXPECT_EQ(carets - line_start, shown - shown_start - 2) << text;
}

TEST(Diagnostic, PlaceBehindTheLineStillHasOneCaret) {
  Diagnostic diagnostic = example();
  diagnostic.source_line = "ab";
  diagnostic.column = 3;
  diagnostic.length = 1000;
  diagnostic.hint.clear();
  EXPECT_NE(diagnostic.render().find("|   ^\n"), std::string::npos) << diagnostic.render();
}

}  // namespace
}  // namespace sekisho::config
