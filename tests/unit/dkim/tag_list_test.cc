#include "filters/dkim/tag_list.h"

#include <gtest/gtest.h>

namespace sekisho::dkim {
namespace {

TEST(DkimTagList, ReadsTagsThroughFoldsAndBlanks) {
  const auto list = TagList::parse(" v=1; a = rsa-sha256 ;\r\n\tbh=ab\r\n cd;b=;\r\n");
  ASSERT_TRUE(list) << list.error().text;
  ASSERT_EQ(list->tags().size(), 4U);
  EXPECT_EQ(list->find("a"), "rsa-sha256");
  EXPECT_EQ(without_blanks(*list->find("bh")), "abcd");
  EXPECT_EQ(list->find("b"), "");
  EXPECT_EQ(list->find("A"), std::nullopt);
  EXPECT_EQ(list->value_or("q", "dns/txt"), "dns/txt");
}

TEST(DkimTagList, KeepsEqualsSignsInValues) {
  const auto list = TagList::parse("p=abc=; n=a=b");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->find("p"), "abc=");
  EXPECT_EQ(list->find("n"), "a=b");
}

TEST(DkimTagList, RefusesWhatBreaksTheGrammar) {
  for (const std::string_view text :
       {"", ";", "a", "a=1;;b=2", "a=1; ;", "=1", "1a=1", "a b=1", "a=1; a=2", "a-b=1", "a=\x01",
        "a=\x7f", "a=\xff", "a=1\r\nb=2", "a=1\n b", "a=1\r b", "a=1\r\n\r\n b"}) {
    EXPECT_FALSE(TagList::parse(text)) << text;
  }
}

TEST(DkimTagList, LetsUtf8StandInValues) {
  EXPECT_TRUE(
      TagList::parse("d=b\xc3\xbc"
                     "cher.example"));
}

TEST(DkimTagList, HasBounds) {
  std::string many;
  for (std::size_t i = 0; i <= TagList::kMaxTags; ++i) many += "t" + std::to_string(i) + "=;";
  EXPECT_FALSE(TagList::parse(many));
  EXPECT_FALSE(TagList::parse("a=" + std::string(TagList::kMaxBytes, 'x')));
  EXPECT_TRUE(TagList::parse("a=" + std::string(TagList::kMaxBytes - 2, 'x')));
}

TEST(DkimTagList, FindsTheSpanOfOneValueForEmptyingIt) {
  const std::string text = " v=1; bh=x; b= a\r\n b ; x=1";
  const auto range = range_of_value(text, "b");
  ASSERT_TRUE(range);
  EXPECT_EQ(text.substr(range->begin, range->end - range->begin), " a\r\n b ");
  EXPECT_FALSE(range_of_value(text, "z"));
}

}  // namespace
}  // namespace sekisho::dkim
