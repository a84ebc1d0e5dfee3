// The planted mistakes of tests/data/rules/mistakes/: each is found at its line, with its hint.
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

struct Mistake {
  std::string table;
  int number = 0;  // its line in the table
  std::string text;
  std::size_t line = 0;
  std::string piece;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.table << ":" << mistake.number;
}

// STAGE: CONDITION => piece, put between the lines of a rule.
void read_lines(const std::string& table, const std::string& before, const std::string& after,
                std::vector<Mistake>& into) {
  std::istringstream in(read_source("tests/data/rules/mistakes/" + table));
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const auto arrow = line.rfind(" => ");
    if (line.starts_with('#') || arrow == std::string::npos) continue;
    const auto colon = line.find(": ");
    into.push_back({table, number,
                    "rule r {\n  at " + line.substr(0, colon) + "\n  " + before +
                        line.substr(colon + 2, arrow - colon - 2) + "\n" + after + "}\n",
                    3, line.substr(arrow + 4)});
  }
}

void read_blocks(const std::string& table, std::vector<Mistake>& into) {
  std::istringstream in(read_source("tests/data/rules/mistakes/" + table));
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("== ")) {
      const auto blank = line.find(' ', 3);
      into.push_back(
          {table, number, "", *parse_uint(line.substr(3, blank - 3)), line.substr(blank + 1)});
    } else if (!line.starts_with('#')) {
      into.back().text += line + "\n";
    }
  }
}

std::vector<Mistake> all_mistakes() {
  std::vector<Mistake> all;
  read_lines("conditions.txt", "when ", "  then tag \"x\"\n", all);
  read_lines("actions.txt", "then ", "", all);
  read_blocks("blocks.txt", all);
  return all;
}

class PlantedMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(PlantedMistake, IsFoundAtItsLineWithItsHint) {
  const Mistake& mistake = GetParam();
  MemoryFiles files;
  files.files["prelude.rules"] = read_source("tests/data/rules/mistakes/prelude.rules");
  files.files["snippet.rules"] = mistake.text;
  Checked checked;
  check_all(files, {"prelude.rules", "snippet.rules"}, checked);
  bool found = false;
  std::string said;
  for (const auto& one : checked.diagnostics.sorted()) {
    if (checked.sources[one.span.source].path() != "snippet.rules") {
      EXPECT_EQ(one.severity, Severity::warning) << render(one, checked.sources);
      continue;
    }
    said += render(one, checked.sources);
    const auto line = checked.sources.position(one.span).line;
    const bool here = line == mistake.line &&
                      (one.message + " | " + one.hint).find(mistake.piece) != std::string::npos;
    found = found || here;
  }
  EXPECT_TRUE(found) << mistake.text << "expected in line " << mistake.line << ": " << mistake.piece
                     << "\n"
                     << said;
}

INSTANTIATE_TEST_SUITE_P(Rules, PlantedMistake, ::testing::ValuesIn(all_mistakes()),
                         [](const auto& info) {
                           return info.param.table.substr(0, info.param.table.find('.')) +
                                  std::to_string(info.param.number);
                         });

TEST(PlantedMistakes, AreAtLeastTwoHundred) { EXPECT_GE(all_mistakes().size(), 200U); }

}  // namespace
}  // namespace sekisho::rules::testing
