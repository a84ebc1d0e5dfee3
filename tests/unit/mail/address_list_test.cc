#include "gateway/mail/address_list.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::mail {
namespace {

using namespace std::string_literals;

struct Readable {
  std::string_view value;
  std::vector<std::string> addresses;
};

const std::vector<Readable> kReadable{
    {"a@x.example", {"a@x.example"}},
    {" a@X.Example ", {"a@x.example"}},
    {"A@x.example", {"A@x.example"}},
    {"<a@x.example>", {"a@x.example"}},
    {"Ann <a@x.example>", {"a@x.example"}},
    {"Ann B. Cee <a@x.example>", {"a@x.example"}},
    {"B. Cee <a@x.example>", {"a@x.example"}},
    {"\"Cee, Ann\" <a@x.example>", {"a@x.example"}},
    {"\"b@y.example\" <a@x.example>", {"a@x.example"}},
    {"\"<b@y.example>\" <a@x.example>", {"a@x.example"}},
    {"\"a \\\" b\" <a@x.example>", {"a@x.example"}},
    {"=?utf-8?q?J=C3=BCrgen?= <j@x.example>", {"j@x.example"}},
    {"J\xC3\xBCrgen <j@x.example>", {"j@x.example"}},
    {"j\xC3\xBC@b\xC3\xBC.example", {"j\xC3\xBC@b\xC3\xBC.example"}},
    {"a@x.example, b@y.example", {"a@x.example", "b@y.example"}},
    {"a@x.example,Bob <b@y.example>,", {"a@x.example", "b@y.example"}},
    {",,a@x.example, ,b@y.example", {"a@x.example", "b@y.example"}},
    {"Team: a@x.example, Bob <b@y.example>;", {"a@x.example", "b@y.example"}},
    {"Team:a@x.example;, c@z.example", {"a@x.example", "c@z.example"}},
    {"Team:, a@x.example,;", {"a@x.example"}},
    {"undisclosed:;", {}},
    {"a@x.example (Ann)", {"a@x.example"}},
    {"(Ann) a@x.example", {"a@x.example"}},
    {"(b@y.example) a@x.example", {"a@x.example"}},
    {"a(one)@(two)x.example(three)", {"a@x.example"}},
    {"(nested (comment) \\) here) a@x.example", {"a@x.example"}},
    {"Ann (x) Cee <(y) a@x.example (z)>", {"a@x.example"}},
    {"a . b @ x . example", {"a.b@x.example"}},
    {"\"a\".b@x.example", {"a.b@x.example"}},
    {"\"a b\"@x.example", {"\"a b\"@x.example"}},
    {"\"a\\@b\"@x.example", {"\"a@b\"@x.example"}},
    {"<@r.example,@s.example:a@x.example>", {"a@x.example"}},
    {"< @r.example , , @s.example : a@x.example >", {"a@x.example"}},
    {"a@[192.0.2.1]", {"a@[192.0.2.1]"}},
    {"Ann\r\n <a@x.example>", {"a@x.example"}},
    {"Ann <a@x.example>,\r\n\tBob <b@y.example>", {"a@x.example", "b@y.example"}},
    {"a+tag@x.example", {"a+tag@x.example"}},
};

TEST(AddressList, ReadsEveryMailbox) {
  for (const auto& [value, addresses] : kReadable) {
    const auto list = parse_address_list(value);
    ASSERT_TRUE(list) << value << ": " << list.error().text;
    std::vector<std::string> got;
    for (const auto& listed : *list) got.push_back(listed.mailbox.to_string());
    EXPECT_EQ(got, addresses) << value;
  }
}

const std::vector<std::string> kUnreadable{
    "",
    " ",
    ",",
    "(only a comment)",
    "Ann",
    "a@",
    "@x.example",
    "<>",
    "Ann <>",
    "<a@x.example",
    "a@x.example>",
    "Ann <a@x.example> <b@y.example>",
    "<a@x.example><b@y.example>",
    "<a@x.example>b@y.example",
    "a@x.example b@y.example",
    "a@x.example; b@y.example",
    "a@x.example <b@y.example>",
    "Ann <a@x.example> Cee",
    "a@x.example@y.example",
    "a b@x.example",
    "a..b@x.example",
    ".a@x.example",
    "a.@x.example",
    "\"a@x.example",
    "(a@x.example",
    "a@x.example (",
    "a@x.example )",
    "a@\"x.example\"",
    "a@x..example",
    "a@x.example.",
    "a@-x.example",
    "a@x!y.example",
    "a@[300.0.2.1]",
    "a@[192.0.2.1",
    "Team: a@x.example",
    "Team: Inner: a@x.example;;",
    ": a@x.example;",
    "Team: a@x.example; b@y.example",
    "<@r.example a@x.example>",
    "<@r.example",
    "a\\b@x.example",
    "\"\"@x.example",
    // what readers take for something else
    "=?utf-8?q?b=40y.example?=@x.example",
    "a@=?utf-8?q?x?=.example",
    "\"=?utf-8?q?b=40y.example=00?=\"@x.example",
    "=?utf-8?q?Ann=00?= <a@x.example>",
    "=?utf-8?b?QW5uCg==?= <a@x.example>",
    "=?utf-8?q?Ann=0D=0A?= <a@x.example>",
    "a@x.example\0,b@y.example"s,
    "Ann\0 <a@x.example>"s,
    "\"Ann\x07\" <a@x.example>",
    "Ann\x7F <a@x.example>",
    "a@x.example (\x1B)",
    "Ann\r<a@x.example>",
    "Ann\n <a@x.example>",
    "Ann\r\n<a@x.example>",
    "J\xFCrgen <j@x.example>",
    "Ann\xC2\x85 <a@x.example>",
    "Ann\xC0\xBC<b@y.example> <a@x.example>",
    std::string(65, 'a') + "@x.example",
    std::string(21, '(') + std::string(21, ')') + "a@x.example",
};

TEST(AddressList, RefusesAsAWholeWhatBreaksTheGrammar) {
  for (const std::string& value : kUnreadable) EXPECT_FALSE(parse_address_list(value)) << value;
}

TEST(AddressList, SaysWhereEachAddressStands) {
  const std::string value = "Ann <@r.example: a@x.example >, b (c) @y.example (d)";
  const auto list = parse_address_list(value);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  const auto text = [&](std::size_t i) {
    return value.substr((*list)[i].begin, (*list)[i].end - (*list)[i].begin);
  };
  EXPECT_EQ(text(0), "a@x.example");
  EXPECT_EQ(text(1), "b (c) @y.example");
}

TEST(AddressList, BoundsTheNumberOfMailboxes) {
  std::string value;
  for (int i = 0; i < 1000; ++i) value += "a@x.example,";
  EXPECT_TRUE(parse_address_list(value));
  EXPECT_FALSE(parse_address_list(value + "a@x.example"));
}

}  // namespace
}  // namespace sekisho::mail
