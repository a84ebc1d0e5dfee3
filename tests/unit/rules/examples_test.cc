// The acceptance example, and what the checker makes of it.
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

void check_example(Checked& checked) {
  const std::string folder = std::string(SEKISHO_SOURCE_DIR) + "/contrib/examples/rules/";
  DiskFiles files;
  checked.loaded =
      load({folder + "ten-policies.rules"}, files, checked.sources, checked.diagnostics);
  const CheckContext context{.today = kToday, .files = &files, .listeners = {}, .upstreams = {}};
  checked.set = check(checked.loaded, checked.sources, context, checked.diagnostics);
}

TEST(TenPolicies, HaveNoMistake) {
  Checked checked;
  check_example(checked);
  EXPECT_EQ(checked.said(), "");
  EXPECT_EQ(checked.set.rules.size(), 15U);
  EXPECT_EQ(checked.set.tests.size(), 6U);
}

TEST(TenPolicies, KeepTheirOrderStagesAndActions) {
  Checked checked;
  check_example(checked);
  ASSERT_EQ(checked.set.rules.size(), 15U);
  const Rule& first = checked.set.rules.front();
  EXPECT_EQ(first.name, "interns-stay-inside");
  EXPECT_EQ(first.stage, Stage::rcpt);
  EXPECT_EQ(first.actions[0].code, 550);
  EXPECT_TRUE(first.is_final());
  const Rule& last = checked.set.rules.back();
  EXPECT_EQ(last.name, "invoice-scam");
  EXPECT_TRUE(last.shadow_until.has_value());
  EXPECT_TRUE(last.then_enforce);
  EXPECT_FALSE(last.acts());
}

TEST(TenPolicies, HaveLimitsInUnits) {
  Checked checked;
  check_example(checked);
  ASSERT_EQ(checked.set.limits.size(), 3U);
  const Limit& users = checked.set.limits[0];
  EXPECT_EQ(users.amount, 200U);
  EXPECT_EQ(users.at_once, 50U);
  EXPECT_EQ(users.period, std::chrono::hours(1));
  EXPECT_EQ(users.from, Stage::auth);
  const Limit& share = checked.set.limits[2];
  EXPECT_TRUE(share.share);
  EXPECT_EQ(share.period, std::chrono::minutes(10));
  EXPECT_EQ(share.at_least, 20U);
}

TEST(TenPolicies, HaveTextsInPieces) {
  Checked checked;
  check_example(checked);
  const Template& text = checked.set.rules[1].actions[0].text;
  ASSERT_EQ(text.pieces.size(), 5U);
  EXPECT_EQ(std::get<std::string>(text.pieces[0]), "You are signed in as ");
  EXPECT_EQ(std::get<Operand>(text.pieces[1]).value->name, "auth.user");
  EXPECT_EQ(std::get<std::string>(text.pieces[4]), ".");
}

// All examples of the page are one rule file.
TEST(TheExamplesOfTheDocuments, HaveNoMistake) {
  Checked checked;
  check_text(examples_in(read_source("docs/rules.md")), checked);
  EXPECT_EQ(checked.said(), "");
  EXPECT_GE(checked.set.rules.size(), 8U);
  EXPECT_EQ(checked.set.tests.size(), 1U);
}

}  // namespace
}  // namespace sekisho::rules::testing
