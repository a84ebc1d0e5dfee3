// What `sekisho test` takes for messages: files, mailbox files, folders.
#include "gateway/cli/mail_files.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho::cli {
namespace {

constexpr std::string_view kFrom = "From a@example.com Tue Nov 24 06:41:16 2026\n";

std::vector<MailFile> all_of(const std::filesystem::path& path) {
  MailFiles files(MailFiles::find(path).value());
  std::vector<MailFile> out;
  while (auto one = files.next()) out.push_back(std::move(*one));
  EXPECT_TRUE(files.errors().empty());
  return out;
}

class MailOnDisk : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, std::string_view text) {
    const auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  test::TempDir folder_;
};

TEST_F(MailOnDisk, AFileIsOneMessageWithTheLineEndsOfSmtp) {
  const auto all = all_of(write("a.eml", "Subject: a\n\nb\r\nlast"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].bytes, "Subject: a\r\n\r\nb\r\nlast\r\n");
  EXPECT_EQ(all[0].name, (folder_.path() / "a.eml").string());
}

TEST_F(MailOnDisk, AMailboxIsTakenApartAtItsFromLines) {
  const std::string from(kFrom);
  const auto all = all_of(write("box", from + "Subject: 1\n\nFrom here on 2026 is text.\n\n" +
                                           from + "Subject: 2\n\n>From x\n>>From y\n>quoted\n>\n"));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].bytes, "Subject: 1\r\n\r\nFrom here on 2026 is text.\r\n\r\n");
  EXPECT_EQ(all[1].bytes, "Subject: 2\r\n\r\nFrom x\r\n>From y\r\n>quoted\r\n>\r\n");
  EXPECT_EQ(all[1].name, (folder_.path() / "box:2").string());
}

TEST_F(MailOnDisk, AFromLineWithinAParagraphBeginsNoMessage) {
  const std::string from(kFrom);
  EXPECT_EQ(all_of(write("box", from + "Subject: 1\n\ntext\n" + from + "more\n")).size(), 1U);
}

TEST_F(MailOnDisk, AFolderIsReadWithAllBelowItInTheOrderOfNames) {
  write("box/b", std::string(kFrom) + "Subject: b\n\n");
  write("box/a/new/1", "Subject: a\n\n");
  write("box/.hidden/1", "Subject: no\n\n");
  write("box/.also", "Subject: no\n\n");
  write("box/empty", "");
  const auto all = all_of(folder_.path() / "box");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].bytes, "Subject: a\r\n\r\n");
  EXPECT_EQ(all[1].bytes, "Subject: b\r\n\r\n");
  EXPECT_EQ(all[2].bytes, "");
  EXPECT_EQ(all[2].number, 2U);
}

TEST_F(MailOnDisk, WhatIsNotThereIsSaid) {
  const auto found = MailFiles::find(folder_.path() / "nothing");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().text.find("there is no file or folder"), std::string::npos);
}

}  // namespace
}  // namespace sekisho::cli
