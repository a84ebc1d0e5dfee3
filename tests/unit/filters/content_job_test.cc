// The job that reads messages for rules: set up with plans, and with one that comes along.
#include "filters/rules/content_job.h"

#include <gtest/gtest.h>

#include "rules/content/findings.h"
#include "rules/content/wire.h"

namespace sekisho::filters::rule {
namespace {

using sekisho::rules::content::decode_findings;
using sekisho::rules::content::Plan;
using sekisho::rules::content::Want;
using sekisho::rules::content::WireWriter;

// Wants the subject, and asks whether it matches.
Plan plan_for(std::string_view pattern) {
  WireWriter out;
  out.number(1);
  out.number(1U << static_cast<unsigned>(Want::subject));
  out.number(0);
  out.number(1);
  for (const std::string_view text : {"subject", ""}) out.text(text);
  out.number(0);
  out.text(pattern);
  out.text("i");
  return Plan::decode(out.take()).value();
}

constexpr std::string_view kMessage = "Subject: An Invoice\r\n\r\nHello\r\n";

Result<std::string> run(ContentReader& reader, const Plan& plan) {
  const std::string input = ContentOrder(plan).input(mail::MimeLimits{});
  return reader.read({.input = input, .message = kMessage});
}

bool finds(ContentReader& reader, std::string_view pattern) {
  const Plan plan = plan_for(pattern);
  const auto result = run(reader, plan);
  EXPECT_TRUE(result);
  const auto found = decode_findings(*result, plan);
  EXPECT_TRUE(found);
  EXPECT_EQ(found->subject, "An Invoice");
  return found->answers.at(0).any() == sekisho::rules::engine::Answer::yes;
}

TEST(ContentJob, ReadsForThePlansThatItHolds) {
  ContentReader reader;
  ASSERT_TRUE(reader.hold(content_setup(
      {ContentOrder(plan_for("invoice")).plan(), ContentOrder(plan_for("bill")).plan()})));
  EXPECT_TRUE(finds(reader, "invoice"));
  EXPECT_FALSE(finds(reader, "bill"));
}

TEST(ContentJob, ReadsForPlansThatComeWithIt) {
  ContentReader reader;
  ASSERT_TRUE(reader.hold({}));
  for (int round = 0; round < 2; ++round) {
    for (const std::string_view pattern : {"an", "in", "nv", "vo", "oi", "ic"})
      EXPECT_TRUE(finds(reader, pattern)) << pattern;
  }
}

TEST(ContentJob, IsRefusedWithoutMessageOrPlan) {
  ContentReader reader;
  const std::string input = ContentOrder(plan_for("x")).input(mail::MimeLimits{});
  EXPECT_FALSE(reader.read({.input = input, .message = {}}));
  EXPECT_FALSE(reader.read({.input = "nonsense", .message = kMessage}));
  EXPECT_FALSE(reader.read({.input = {}, .message = kMessage}));
  EXPECT_FALSE(reader.hold("nonsense"));
  EXPECT_FALSE(reader.hold(content_setup({ContentOrder(plan_for("(")).plan()})));
}

}  // namespace
}  // namespace sekisho::filters::rule
