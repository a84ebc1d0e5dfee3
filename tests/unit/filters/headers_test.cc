#include "filters/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/header_template.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::filters::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Texts = std::vector<std::string>;

std::string edited(Bench& bench, std::map<std::string, std::any> values, std::string_view section) {
  const auto blueprint = make_headers();
  auto run = bench.open(build(*blueprint, std::move(values)));
  EXPECT_FALSE(bench.run(*run, Stage::headers).verdict.refuses());
  return bench.edits.apply(section);
}

TEST(Headers, AddsRemovesAndReplaces) {
  Bench bench;
  const std::string result = edited(
      bench,
      {{"add", Texts{"X-Added: yes"}},
       {"remove", Texts{"x-mailer"}},
       {"replace", Texts{"X-Org: ours"}}},
      "From: a@example.com\r\nX-Mailer: Foo\r\nX-Org: theirs\r\nX-Mailer: Bar\r\nSubject: hi\r\n");
  EXPECT_EQ(result, "From: a@example.com\r\nX-Org: ours\r\nSubject: hi\r\nX-Added: yes\r\n");
}

TEST(Headers, FillsInPlaceholders) {
  Bench bench;
  bench.peer.user = "alice";
  const std::string result =
      edited(bench, {{"add", Texts{"X-Trace: {id} {user}@{client} via {listener} {{x}}"}}}, "");
  EXPECT_EQ(result, "X-Trace: S1.1 alice@192.0.2.7 via mx {x}\r\n");
}

TEST(Headers, AUserNameCannotBreakTheLine) {
  Bench bench;
  bench.peer.user = "alice\r\nBcc: victim@example.net";
  const std::string result = edited(bench, {{"add", Texts{"X-User: {user}"}}}, "");
  EXPECT_THAT(result, HasSubstr("X-User: alice??Bcc: victim@example.net"));
  EXPECT_EQ(mail::Headers::parse(result).fields().size(), 1U);
}

TEST(Headers, HidesTheClientOnlyWhenAsked) {
  Bench bench;
  edited(bench, {}, "");
  EXPECT_FALSE(bench.trace.hide_client);
  edited(bench, {{"hide_client", true}}, "");
  EXPECT_TRUE(bench.trace.hide_client);
}

TEST(HeadersSettings, ReceivedIsNotToBeTouched) {
  for (const char* key : {"add", "replace"}) {
    const auto errors = setting_errors(*make_headers(), {{key, Texts{"received: from me"}}});
    ASSERT_THAT(errors, SizeIs(1)) << key;
    EXPECT_THAT(errors[0], HasSubstr("Received can't be changed"));
  }
  EXPECT_THAT(setting_errors(*make_headers(), {{"remove", Texts{"RECEIVED"}}}), SizeIs(1));
  EXPECT_THAT(setting_errors(*make_headers(), {{"remove", Texts{"Received-SPF"}}}), IsEmpty());
}

TEST(HeadersSettings, EachWrongFieldIsAnError) {
  const auto errors = setting_errors(
      *make_headers(), {{"remove", Texts{"", "X Y", "X:Y", "Gr\xc3\xbc\xc3\x9f"}},
                        {"add", Texts{"no colon", ": no name", "X: a\r\nY: b", "X: {usr}", "X: {",
                                      "X: }", "X: gr\xc3\xbc\xc3\x9f"}}});
  EXPECT_THAT(errors, SizeIs(11));
}

TEST(HeadersSettings, BuildRefusesWhatVisitReported) {
  const auto blueprint = make_headers();
  EXPECT_THAT(setting_errors(*blueprint, {{"add", Texts{"no colon"}}}), Not(IsEmpty()));
  EXPECT_FALSE(blueprint->build());
}

TEST(HeaderTemplate, SuggestsThePlaceholderThatWasMeant) {
  const auto parsed = HeaderTemplate::parse("X: {usr}");
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().text, HasSubstr("did you mean {user}?"));
}

TEST(HeaderTemplate, RefusesNamesAndValuesThatWouldNotFitALine) {
  EXPECT_FALSE(HeaderTemplate::parse(std::string(77, 'X') + ": a"));
  EXPECT_FALSE(HeaderTemplate::parse("X: " + std::string(801, 'a')));
  EXPECT_TRUE(HeaderTemplate::parse(std::string(76, 'X') + ": a"));
}

}  // namespace
}  // namespace sekisho::filters::testing
