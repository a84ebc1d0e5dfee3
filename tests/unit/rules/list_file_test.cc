#include "rules/check/list_file.h"

#include <gtest/gtest.h>

#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

std::string said_of_list(Type type, const std::string& text) {
  Checked checked;
  const auto source = checked.sources.add("list.txt", text);
  const auto items = read_list_file(type, checked.sources, source, checked.diagnostics);
  if (!checked.diagnostics.has_errors()) return std::to_string(items.size()) + " items";
  EXPECT_TRUE(items.empty());
  const auto first = checked.diagnostics.sorted().front();
  const auto at = checked.sources.position(first.span);
  return std::to_string(at.line) + ":" + std::to_string(at.column) + " " + first.message;
}

TEST(AListFile, HoldsOneItemALineAndComments) {
  EXPECT_EQ(said_of_list(Type::domain, "# ours\nexample.com\r\n\n  *.example.com # below\n"),
            "2 items");
  EXPECT_EQ(said_of_list(Type::network, "192.0.2.0/24\n2001:db8::/32\n192.0.2.7\n"), "3 items");
  EXPECT_EQ(said_of_list(Type::address, "@example.com\ninfo@example.com"), "2 items");
  EXPECT_EQ(said_of_list(Type::word, ""), "0 items");
}

TEST(AListFile, TellsLineAndColumnOfWhatIsNoneOfItsKind) {
  EXPECT_EQ(said_of_list(Type::network, "\n  192.0.2.5/24\n"),
            "2:3 \"192.0.2.5/24\" is not a network");
  EXPECT_EQ(said_of_list(Type::domain, "a.example\ninfo@b.example\n"),
            "2:1 \"info@b.example\" is an address, not a domain");
  EXPECT_EQ(said_of_list(Type::extension, ".exe"), "1:1 \".exe\" begins with a dot");
}

TEST(AMapFile, HoldsAKeyAndItsValuesInALine) {
  Checked checked;
  const auto source = checked.sources.add(
      "map.txt", "alice: alice@example.com, @sales.example.com # two\nbob: bob@example.com\n");
  const auto entries =
      read_map_file(Type::user, Type::address, checked.sources, source, checked.diagnostics);
  EXPECT_EQ(checked.said(), "");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].second.size(), 2U);
}

TEST(AMapFile, TellsAllItsMistakes) {
  Checked checked;
  const auto source = checked.sources.add(
      "map.txt",
      "alice: a@example.com\nalice: b@example.com\nno key\nbob: bob\ncarol: a@b.example,, \n");
  EXPECT_TRUE(read_map_file(Type::user, Type::address, checked.sources, source, checked.diagnostics)
                  .empty());
  const auto said = checked.said();
  for (const std::string piece :
       {"map.txt:2:1: error: \"alice\" is a key", "map.txt:3:1: error: this line has no key",
        "map.txt:4:6: error: \"bob\" is not an address",
        "map.txt:5:8: error: a value is missing"}) {
    EXPECT_NE(said.find(piece), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace sekisho::rules::testing
