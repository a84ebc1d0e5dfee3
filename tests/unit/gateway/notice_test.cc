#include "gateway/notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sekisho {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Notice, IsAMailOfAMachineWhoseTextCanBeNothingElse) {
  const auto made = notice_message({.to = "postmaster@example.com",
                                    .subject = "mallory suspended\r\nBcc: victim@example.net",
                                    .text = "line\r\n.\r\nMAIL FROM:<x>\nM\u00fcnchen",
                                    .id = "S1"},
                                   "mail.example.com", "notice-1", WallTime{});
  EXPECT_THAT(made.header_section, HasSubstr("To: <postmaster@example.com>\r\n"));
  EXPECT_THAT(made.header_section, HasSubstr("Auto-Submitted: auto-generated\r\n"));
  EXPECT_THAT(made.header_section, Not(HasSubstr("\nBcc:")));
  EXPECT_TRUE(made.header_section.ends_with("\r\n\r\n"));
  EXPECT_EQ(made.body.find('.'), std::string::npos);
  EXPECT_TRUE(made.body.ends_with("\r\n"));
}

TEST(Notice, OfALongTextIsCutAndInShortLines) {
  const auto made = notice_message(
      {.to = "a@example.com", .subject = {}, .text = std::string(1'000'000, 'x'), .id = {}},
      "mail.example.com", "notice-1", WallTime{});
  EXPECT_LT(made.body.size(), 64UL * 1024);
  EXPECT_LE(made.body.find("\r\n"), 76U);
}

}  // namespace
}  // namespace sekisho
