#include "gateway/inbox/maildir.h"

#include <chrono>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho::inbox {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Maildir::Reader from_text(std::string text) {
  return [text = std::move(text)](std::uint64_t offset, std::size_t max,
                                  std::string& out) -> Result<void> {
    out = offset < text.size() ? text.substr(offset, max) : "";
    return {};
  };
}

std::size_t files_in(const fs::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
  return count;
}

class MaildirTest : public ::testing::Test {
 protected:
  test::TempDir folder_;
  Maildir maildir_ = Maildir::open(folder_.path() / "inbox").value();
  fs::path place_ = folder_.path() / "inbox";
};

TEST_F(MaildirTest, KeepsEveryByte) {
  std::string text = "Subject: x\r\n\r\n";
  for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
  const auto id = maildir_.store("Return-Path: <>\r\n", from_text(text));
  ASSERT_TRUE(id);
  EXPECT_EQ(maildir_.read(*id).value(), "Return-Path: <>\r\n" + text);
}

TEST_F(MaildirTest, KeepsMessagesOfManyBlocks) {
  std::string text(3 * 1024 * 1024 + 17, 'a');
  for (std::size_t i = 0; i < text.size(); i += 997) text[i] = static_cast<char>('a' + i % 26);
  const auto id = maildir_.store("", from_text(text));
  ASSERT_TRUE(id);
  EXPECT_TRUE(maildir_.read(*id).value() == text);
}

TEST_F(MaildirTest, LeavesNothingOfAMessageThatCouldNotBeReadWhole) {
  const auto stored =
      maildir_.store("", [](std::uint64_t offset, std::size_t, std::string& out) -> Result<void> {
        if (offset > 0) return fail(ErrorKind::io, "the disk is gone");
        out = "half";
        return {};
      });
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().text, "the disk is gone");
  EXPECT_EQ(files_in(place_ / "tmp"), 0U);
  EXPECT_EQ(files_in(place_ / "new"), 0U);
}

TEST_F(MaildirTest, SaysWhatFailedWhenTheFolderIsGone) {
  fs::remove_all(place_ / "new");
  const auto stored = maildir_.store("", from_text("x"));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().kind, ErrorKind::io);
  EXPECT_NE(stored.error().text.find("new"), std::string::npos);
  EXPECT_EQ(files_in(place_ / "tmp"), 0U);
}

TEST_F(MaildirTest, ListsOldestFirstWithUnfoldedFields) {
  ASSERT_TRUE(
      maildir_.store("", from_text("Subject: one\r\n two\r\nFrom: a@b\r\nTo: c@d\r\n\r\nx")));
  ASSERT_TRUE(maildir_.store("", from_text("subject: second\r\n\r\n")));
  const auto list = maildir_.list().value();
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list[0].subject, "one two");
  EXPECT_EQ(list[0].from, "a@b");
  EXPECT_EQ(list[0].to, "c@d");
  EXPECT_EQ(list[1].subject, "second");
  EXPECT_EQ(list[1].from, "");
  EXPECT_EQ(list[1].size, 19U);
}

TEST_F(MaildirTest, FindsMessagesThatAMailProgramHasMovedAndFlagged) {
  const std::string id = maildir_.store("", from_text("Subject: x\r\n\r\n")).value();
  fs::rename(place_ / "new" / id, place_ / "cur" / (id + ":2,S"));
  EXPECT_TRUE(maildir_.read(id));
  const auto list = maildir_.list().value();
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].id, id);
}

TEST_F(MaildirTest, NeverReadsOutsideItsFolders) {
  std::ofstream(folder_.path() / "secret") << "s";
  for (const char* id : {"../../secret", "../secret", "/etc/passwd", "", ".", ".."}) {
    EXPECT_FALSE(maildir_.read(id)) << id;
  }
}

TEST_F(MaildirTest, GivesEveryMessageANameOfItsOwn) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 25; ++i) EXPECT_TRUE(maildir_.store("", from_text("x")));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(maildir_.list().value(), SizeIs(100));
}

TEST_F(MaildirTest, SweepsAwayWhatACrashLeftLongAgo) {
  const auto make = [&](const char* name, std::chrono::hours age) {
    std::ofstream(place_ / "tmp" / name) << "x";
    fs::last_write_time(place_ / "tmp" / name, fs::file_time_type::clock::now() - age);
  };
  make("old", std::chrono::hours(37));
  make("fresh", std::chrono::hours(1));
  ASSERT_TRUE(Maildir::open(place_));
  EXPECT_FALSE(fs::exists(place_ / "tmp" / "old"));
  EXPECT_TRUE(fs::exists(place_ / "tmp" / "fresh"));
}

TEST(Maildir, CannotBeOpenedWhereAFileStands) {
  const test::TempDir folder;
  std::ofstream(folder.path() / "file") << "x";
  EXPECT_FALSE(Maildir::open(folder.path() / "file"));
}

TEST(Maildir, IsEmptyAtFirst) {
  const test::TempDir folder;
  EXPECT_THAT(Maildir::open(folder.path()).value().list().value(), IsEmpty());
}

}  // namespace
}  // namespace sekisho::inbox
