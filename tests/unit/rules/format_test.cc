#include "rules/format/format.h"

#include <gtest/gtest.h>

#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

struct Text {
  Sources sources;
  Diagnostics diagnostics;
  Parsed parsed;
  explicit Text(const std::string& text) {
    parsed = parse(sources, sources.add("x.rules", text), diagnostics);
  }
  [[nodiscard]] std::string formatted() const { return format(parsed, sources); }
  [[nodiscard]] std::vector<std::string> words() const {
    std::vector<std::string> all;
    for (const auto& token : parsed.tokens.all) all.emplace_back(token.text);
    return all;
  }
};

void expect_stable(const std::string& text) {
  const Text once(text);
  const Text twice(once.formatted());
  EXPECT_EQ(once.words(), twice.words());
  EXPECT_EQ(once.parsed.tokens.comments.size(), twice.parsed.tokens.comments.size());
  EXPECT_EQ(once.formatted(), twice.formatted());
}

TEST(Formatting, LeavesTokensCommentsAndItsOwnOutputAlone) {
  expect_stable(read_source("contrib/examples/rules/ten-policies.rules"));
  expect_stable(read_source("tests/data/rules/mistakes/prelude.rules"));
  expect_stable(read_source("tests/data/rules/comments.rules"));
}

TEST(Formatting, PutsEachClauseAndActionOnItsLine) {
  EXPECT_EQ(
      Text("rule a \"s\"{at rcpt when  tls and(authenticated or spf is fail)then tag \"x\" and "
           "log \"y\"}")
          .formatted(),
      "rule a \"s\" {\n"
      "  at rcpt\n"
      "  when tls and (authenticated or spf is fail)\n"
      "  then tag \"x\"\n"
      "  and log \"y\"\n"
      "}\n");
}

TEST(Formatting, BreaksLongConditionsAtTheirOutermostWords) {
  const std::string a = "subject contains \"" + std::string(40, 'a') + "\"";
  const std::string b = "subject contains \"" + std::string(40, 'b') + "\"";
  EXPECT_EQ(Text("rule r { at message when " + a + " and " + b + " then accept }").formatted(),
            "rule r {\n  at message\n  when " + a + "\n    and " + b + "\n  then accept\n}\n");
}

TEST(Formatting, AlignsPatternsAndExpectations) {
  EXPECT_EQ(Text("patterns p in text { a 1.5 /x/\n long_name 10 /y/ }").formatted(),
            "patterns p in text {\n  a         1.5 /x/\n  long_name 10  /y/\n}\n");
  EXPECT_EQ(Text("test \"t\" { mail from <> expect accept\nrcpt to <a@example.com> expect reject }")
                .formatted(),
            "test \"t\" {\n  mail from <>            expect accept\n"
            "  rcpt to <a@example.com> expect reject\n}\n");
}

TEST(Formatting, KeepsCommentsWhereTheyStand) {
  EXPECT_EQ(Text("# above\nscore   a # behind\n\n\n\n# last").formatted(),
            "# above\nscore a  # behind\n\n# last\n");
}

TEST(Formatting, FillsLongLists) {
  std::string items;
  for (int i = 0; i < 40; ++i)
    items += (i > 0 ? ", " : "") + std::string("name") + std::to_string(i);
  const auto formatted = Text("list a = words {" + items + "}").formatted();
  EXPECT_TRUE(formatted.starts_with("list a = words {\n  name0, name1,")) << formatted;
  EXPECT_TRUE(formatted.ends_with("name39\n}\n")) << formatted;
}

}  // namespace
}  // namespace sekisho::rules::testing
