// What is allowed, and what the checker makes of it. What is not allowed is in mistakes_test.cc.
#include "rules/check/check.h"

#include <gtest/gtest.h>

#include "rules/check/reference.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {
namespace {

std::string said_of(const std::string& text) {
  Checked checked;
  check_text(text, checked);
  return checked.said();
}

std::string said_of_condition(const std::string& stage, const std::string& condition) {
  return said_of(
      "list d = domains { example.com }\nlist w = words { x }\n"
      "define keeps_them_used = helo in d and auth.user in w\n"
      "rule z { at message when keeps_them_used then tag \"z\" }\n"
      "rule r { at " +
      stage + " when " + condition + " then tag \"x\" }\n");
}

TEST(Conditions, ThatAreSaidWellGetNoWord) {
  for (const auto& [stage, condition] : std::vector<std::pair<std::string, std::string>>{
           {"connect", "client.ip in 10.0.0.0/8 or client.ip is 2001:db8::1"},
           {"connect", "client.ip in 2001:db8::/32 and client.ip in client.network"},
           {"connect", "time >= 18:00 or time < 08:00 or time.weekday is sunday"},
           {"connect", "client.country is DE and client.asn is 64496"},
           {"helo", "not tls and helo ends with \".example\""},
           {"auth", "auth.failures >= 3"},
           {"mail", "mail.size > 10MB and mail.from.local starts with \"no\""},
           {"mail", "mail.from is absent and spf is not pass"},
           {"mail", "mail.from is Info@Example.com or mail.from is <a@b.example>"},
           {"rcpt", "rcpt.domain in d and auth.user is alice"},
           {"rcpt", "every rcpt where (rcpt.domain in d)"},
           {"message", "no rcpt where (rcpt.domain in d)"},
           {"message", "header \"List-Id\" is present and header \"X\" contains \"a\""},
           {"message", "any header where (header.name is \"X-Foo\" and header.value contains w)"},
           {"message", "any address in header.reply_to where (address.domain not in d)"},
           {"message", "count of header.to >= 50 or count of tags > 3"},
           {"message", "tags contains \"spf\" and subject in w"},
           {"message", "any attachment where (attachment.size > 1MiB and attachment.encrypted)"},
           {"message", "any part where (part.type is \"text/html\" and part.extension is exe)"},
           {"message", "message.size is 10MB or header.date < 2020-01-01"},
           {"message", "any part where (part.extension is exe and part.extension is scr)"},
           {"outcome",
            "upstream.code is 550 and refused > 3 and upstream.text contains \"spam\""}}) {
    EXPECT_EQ(said_of_condition(stage, condition), "") << condition;
  }
}

TEST(Actions, AtTheirStagesGetNoWord) {
  EXPECT_EQ(
      said_of(
          "score s\n"
          "map k = domain -> keys { example.com: \"s1:/k\" }\n"
          "rule a { at connect then delay 5s and log \"from {client.ip}\" }\n"
          "rule b { at mail then route to backup and suspend client.ip for 1h }\n"
          "rule d { at message off then add -1.5 to s and set header \"X\" \"{subject}\"\n"
          "  and remove header \"Y\" and sign dkim with k[header.from.domain] }\n"
          "rule c { at message on_error continue when s > 3 then reject \"{{no}} {mail.from}\" }\n"
          "rule e { at outcome then webhook \"https://h.example/x\" \"{upstream.code}\" }\n"),
      "");
}

TEST(AGroup, GuardsItsRulesAndMayBeLeft) {
  Checked checked;
  check_text(
      "group g when not authenticated {\n  rule a { at rcpt when tls then skip }\n"
      "  rule b { at rcpt then reject \"no\" }\n}\n",
      checked);
  EXPECT_EQ(checked.said(), "");
  ASSERT_EQ(checked.set.rules.size(), 2U);
  EXPECT_EQ(checked.set.rules[0].group, "g");
  EXPECT_EQ(checked.set.rules[0].when->kind, Condition::Kind::all);
  EXPECT_EQ(checked.set.rules[1].when->kind, Condition::Kind::negation);
}

TEST(ARule, ThatOnlyTriesDoesNotHideLaterOnes) {
  EXPECT_EQ(said_of("rule a { shadow until 2027-01-01 at rcpt then reject \"no\" }\n"
                    "rule b { off at rcpt then reject \"no\" }\n"
                    "rule c { at rcpt then tag \"x\" }\nrule d { at mail then reject \"no\" }\n"),
            "");
}

TEST(TextOnAListenerWithoutContentFilters, IsAWarning) {
  MemoryFiles files;
  files.files["main.rules"] =
      "rule a { at message when text contains \"x\" then tag \"x\" }\n"
      "rule b { at message when listener is mx and text contains \"x\" then tag \"x\" }\n";
  Checked checked;
  checked.loaded = load({"main.rules"}, files, checked.sources, checked.diagnostics);
  const CheckContext context{.today = kToday,
                             .files = &files,
                             .listeners = {{"mx", true}, {"inside", false}},
                             .upstreams = {}};
  checked.set = check(checked.loaded, checked.sources, context, checked.diagnostics);
  const auto said = checked.said();
  EXPECT_NE(said.find("main.rules:1:6: warning: \"text\" is absent on listener inside"),
            std::string::npos)
      << said;
  EXPECT_EQ(said.find("main.rules:2:"), std::string::npos) << said;
}

TEST(TheReference, IsThatOfTheDocuments) {
  EXPECT_NE(read_source("docs/rules.md").find(values_reference()), std::string::npos)
      << "put the output of `sekisho rules list --values` into docs/rules.md";
}

TEST(TheReference, NamesEachValueOnce) {
  for (const auto& value : all_values()) {
    EXPECT_EQ(find_value(value.name), &value) << value.name;
    if (!value.item.empty()) {
      EXPECT_NE(find_item(value.item), nullptr) << value.name;
    }
  }
}

}  // namespace
}  // namespace sekisho::rules::testing
