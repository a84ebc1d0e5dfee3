#include "rules/syntax/load.h"

#include <gtest/gtest.h>

#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

constexpr auto kRule = [](const std::string& name) {
  return "rule " + name + " { at rcpt then tag \"x\" }\n";
};

TEST(Including, PutsTheRulesOfAFileInItsPlace) {
  MemoryFiles files;
  files.files["main.rules"] = kRule("first") + "include \"sub/*.rules\"\n" + kRule("last");
  files.files["sub/b.rules"] = kRule("b");
  files.files["sub/a.rules"] = "include \"deep/x.rules\"\n" + kRule("a");
  files.files["sub/deep/x.rules"] = kRule("x");
  Checked checked;
  check_all(files, {"main.rules"}, checked);
  EXPECT_EQ(checked.said(), "");
  std::string order;
  for (const auto& rule : checked.set.rules) order += rule.name + " ";
  EXPECT_EQ(order, "first x a b last ");
}

TEST(Including, OfEachOtherIsAnErrorAtTheInclude) {
  MemoryFiles files;
  files.files["a.rules"] = "\ninclude \"b.rules\"\n";
  files.files["b.rules"] = "include \"./a.rules\"\n";
  Checked checked;
  check_all(files, {"a.rules"}, checked);
  EXPECT_NE(checked.said().find("b.rules:1:9: error: ./a.rules includes itself"), std::string::npos)
      << checked.said();
}

TEST(Including, EndsAtADepth) {
  MemoryFiles files;
  for (int i = 0; i < 40; ++i) {
    files.files[std::to_string(i) + ".rules"] = "include \"" + std::to_string(i + 1) + ".rules\"\n";
  }
  Checked checked;
  check_all(files, {"0.rules"}, checked);
  EXPECT_NE(checked.said().find("within each other"), std::string::npos);
}

TEST(Mistakes, ArePrintedWithTheLineAndACaretUnderTheColumn) {
  Checked checked;
  check_text("rule r \"ü\" {\n\tat rcpt when rcpt.domain in our_domains then tag \"x\"\n}\n",
             checked);
  EXPECT_EQ(checked.said(),
            "main.rules:2:30: error: no list named \"our_domains\"\n"
            "    2 |  at rcpt when rcpt.domain in our_domains then tag \"x\"\n"
            "      |                              ^^^^^^^^^^^\n");
}

TEST(Mistakes, AreToldAllAtOnceAndByPlace) {
  Checked checked;
  check_text(
      "rule a { at night then tag \"x\" }\nrule b { at rcpt when subjct contains \"x\" then tag "
      "\"x\" }\n"
      "rule c { at rcpt when ( then tag \"x\" }\nlist d = domains { a@b.example }\n",
      checked);
  std::vector<std::size_t> lines;
  for (const auto& one : checked.diagnostics.sorted()) {
    if (one.severity == Severity::error) lines.push_back(checked.sources.position(one.span).line);
  }
  EXPECT_EQ(lines, (std::vector<std::size_t>{1, 2, 3, 4})) << checked.said();
}

TEST(Mistakes, OfOnePartOfAConditionDoNotHideThoseOfAnother) {
  Checked checked;
  check_text(
      "rule a { at rcpt when rcpt.domain in nowhere and subject contains \"x\" then tag \"x\" }\n",
      checked);
  EXPECT_NE(checked.said().find("no list named"), std::string::npos) << checked.said();
  EXPECT_NE(checked.said().find("known from message on"), std::string::npos) << checked.said();
}

TEST(Mistakes, OfABinaryFileAreBounded) {
  std::string bytes;
  for (int i = 0; i < 20'000; ++i) bytes += static_cast<char>(i * 7 % 251);
  Checked checked;
  check_text(bytes, checked);
  EXPECT_TRUE(checked.diagnostics.has_errors());
  EXPECT_LE(checked.diagnostics.sorted().size(), Diagnostics::kMax);
}

TEST(Nesting, IsBounded) {
  Checked checked;
  check_text("define a = " + std::string(10'000, '(') + "tls" + std::string(10'000, ')'), checked);
  EXPECT_NE(checked.said().find("nested too deeply"), std::string::npos);
  Checked keys;
  std::string text = "map m = user -> users { a: b }\ndefine a = auth.user in ";
  for (int i = 0; i < 5'000; ++i) text += "m[";
  check_text(text, keys);
  EXPECT_NE(keys.said().find("nested too deeply"), std::string::npos);
}

}  // namespace
}  // namespace sekisho::rules::testing
