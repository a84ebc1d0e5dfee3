#include "gateway/auth/users_text.h"

#include <gtest/gtest.h>

#include "gateway/auth/user_secret.h"
#include "tests/unit/auth/cheap_hash.h"

namespace sekisho::auth {
namespace {

const std::string kHash = test::cheap_hash("secret");
const std::string kOther = test::cheap_hash("other");

TEST(UserName, IsFoldedInAsciiOnly) {
  EXPECT_EQ(normalize_user_name("Alice@Example.COM").value(), "alice@example.com");
  EXPECT_EQ(normalize_user_name("JÜRGEN").value(), "jÜrgen");
  EXPECT_EQ(normalize_user_name("a b").value(), "a b");
  EXPECT_EQ(normalize_user_name(std::string(255, 'A')).value(), std::string(255, 'a'));
}

TEST(UserName, RefusesWhatCannotStandInTheFileOrInALog) {
  const std::string names[] = {"",
                               " a",
                               "a ",
                               "\ta",
                               "a\t",
                               "a:b",
                               ":",
                               "#a",
                               "a\nb",
                               "a\rb",
                               std::string("a\0b", 3),
                               "a\x7F",
                               "a\x1B[31m",
                               "a\xC2\x85",
                               "a\xFF",
                               "a\xC0\xBA",
                               "a\xED\xA0\x80",
                               "\xC3",
                               std::string(256, 'a')};
  for (const auto& name : names) EXPECT_FALSE(normalize_user_name(name).has_value()) << name;
}

TEST(UsersText, ReadsEntriesCommentsBlankLinesAndAnyLineEnd) {
  const auto users = parse_users(
      "# ours\n\nAlice:" + kHash + "\r\n  # bob:x\nbob:!" + kHash + "\ncarol:*\nd e:" + kOther,
      "f");
  ASSERT_TRUE(users.has_value()) << users.error().text;
  EXPECT_EQ(users->size(), 4U);
  EXPECT_EQ(users->at("alice"), kHash);
  EXPECT_EQ(users->at("d e"), kOther);
  EXPECT_TRUE(is_locked(users->at("bob")));
  EXPECT_TRUE(is_locked(users->at("carol")));
}

TEST(UsersText, ErrorNamesFileLineAndColumnAndNoHash) {
  struct Case {
    std::string text;
    std::string place;
  };
  const Case cases[] = {
      {"alice", "f:1:1: "},
      {"alice:" + kHash + "\n\nbob:secretword\n", "f:3:5: "},
      {"alice:\n", "f:1:7: "},
      {":" + kHash, "f:1:1: "},
      {" alice:" + kHash, "f:1:1: "},
      {"alice :" + kHash, "f:1:1: "},
      {"alice: " + kHash, "f:1:7: "},
      {"alice:" + kHash + ":", "f:1:7: "},
      {"alice:" + kHash + "\nALICE:" + kOther, "f:2:1: "},
      {std::string("al\0ice:", 7) + kHash, "f:1:1: "},
  };
  for (const auto& [text, place] : cases) {
    const auto users = parse_users(text, "f");
    ASSERT_FALSE(users.has_value()) << text;
    EXPECT_TRUE(users.error().text.starts_with(place)) << users.error().text;
    EXPECT_EQ(users.error().text.find("secretword"), std::string::npos);
    EXPECT_EQ(users.error().text.find("$5$"), std::string::npos);
  }
}

TEST(UsersText, EditKeepsCommentsOrderAndUntouchedLinesByteForByte) {
  const std::string text = "# head\n\nZoe:" + kHash + "\n# about al\nal:" + kHash + "\r\n#end";
  Users users = parse_users(text, "f").value();
  users["new"] = kOther;
  users["al"] = kOther;
  EXPECT_EQ(edit_users(text, users).value(), "# head\n\nZoe:" + kHash + "\n# about al\nal:" +
                                                 kOther + "\n#end\nnew:" + kOther + "\n");
  users.erase("zoe");
  users["al"] = kHash;
  EXPECT_EQ(edit_users(text, users).value(),
            "# head\n\n# about al\nal:" + kHash + "\r\n#end\nnew:" + kOther + "\n");
}

TEST(UsersText, EditOfNothingGivesNothing) {
  EXPECT_EQ(edit_users("", {}).value(), "");
  EXPECT_EQ(edit_users("#c\n", {}).value(), "#c\n");
  EXPECT_EQ(edit_users("a:" + kHash, {}).value(), "");
}

TEST(UsersText, EditRefusesWhatItCouldNotReadBack) {
  const Users wrong[] = {
      {{"Upper", kHash}}, {{"a:b", kHash}},  {{"", kHash}},   {{"a", kHash + "\nroot:"}},
      {{"a", "plain"}},   {{"a\nb", kHash}}, {{"#a", kHash}}, {{"a", kHash + "\r"}}};
  for (const auto& users : wrong) {
    EXPECT_FALSE(edit_users("", users).has_value()) << users.begin()->first;
  }
}

}  // namespace
}  // namespace sekisho::auth
