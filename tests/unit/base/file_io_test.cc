#include "gateway/base/file_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::StartsWith;

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(WholeFile, IsReadToItsLastByte) {
  const test::TempDir dir;
  std::string content(100'000, 'x');
  content += std::string_view("\0\r\n", 3);
  EXPECT_EQ(read_whole_file(dir.write("a", content)), content);
  EXPECT_EQ(read_whole_file(dir.write("empty", "")), "");
}

TEST(SecretFile, HoldsItInItsFirstLine) {
  const test::TempDir dir;
  for (const std::string_view text : {"a b ", "a b \n", "a b \r\nmore", "a b \n\n"}) {
    const auto secret = read_secret(dir.write("secret", text));
    ASSERT_TRUE(secret) << secret.error().text;
    EXPECT_EQ(secret->reveal(), "a b ");
  }
}

TEST(SecretFile, WithoutOneIsRefusedByName) {
  const test::TempDir dir;
  for (const std::string_view text :
       {std::string_view(""), std::string_view("\nsecret"), std::string_view("a\0b\n", 4)}) {
    const fs::path file = dir.write("secret", text);
    const auto secret = read_secret(file);
    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error().text, StartsWith(file.native()));
  }
}

TEST(WholeFile, MayHaveItsBoundAndNoByteMore) {
  const test::TempDir dir;
  const fs::path file = dir.write("a", "12345");
  EXPECT_EQ(read_whole_file(file, 5), "12345");
  const auto over = read_whole_file(file, 4);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind, ErrorKind::limit);
  EXPECT_EQ(over.error().text, file.native() + " is larger than 4 bytes");
}

TEST(WholeFile, ThatIsNoneIsAnErrorThatNamesIt) {
  const test::TempDir dir;
  const fs::path absent = dir.path() / "absent";
  EXPECT_EQ(read_whole_file(absent).error().text,
            "cannot open " + absent.native() + ": No such file or directory");
  const fs::path fifo = dir.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const fs::path& odd : {fifo, dir.path(), fs::path("/dev/zero")}) {
    const auto text = read_whole_file(odd);
    ASSERT_FALSE(text) << odd;
    EXPECT_EQ(text.error().text, odd.native() + " is not a regular file");
  }
}

TEST(CreateFile, MakesAPrivateFileAndNeverEmptiesOne) {
  const test::TempDir dir;
  const fs::path file = dir.path() / "users";
  ASSERT_TRUE(create_file(file));
  struct stat info{};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  const fs::path full = dir.write("full", "content");
  EXPECT_THAT(create_file(full).error().text, EndsWith("File exists"));
  EXPECT_EQ(read_whole_file(full), "content");
}

TEST(ReplaceFile, KeepsTheModeAndLeavesNothingBeside) {
  const test::TempDir dir;
  const fs::path file = dir.write("list", "old");
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  ASSERT_TRUE(replace_file(file, "new"));
  EXPECT_EQ(read_whole_file(file), "new");
  struct stat info{};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
  EXPECT_EQ(files_in(dir.path()), 1U);
}

TEST(ReplaceFile, NeedsAFileToReplace) {
  const test::TempDir dir;
  EXPECT_THAT(replace_file(dir.path() / "absent", "new").error().text,
              StartsWith("cannot replace"));
  EXPECT_EQ(files_in(dir.path()), 0U);
}

TEST(ReplaceFile, ThatFailsLeavesTheOldContentAndNothingBeside) {
  const test::TempDir dir;
  const fs::path folder = dir.path() / "folder";  // no file can take its place
  fs::create_directory(folder);
  EXPECT_FALSE(replace_file(folder, "new"));
  EXPECT_TRUE(fs::is_directory(folder));
  EXPECT_EQ(files_in(dir.path()), 1U);
}

TEST(LockFile, IsHeldAsLongAsItsHandle) {
  const test::TempDir dir;
  const fs::path path = dir.path() / "lock";
  const auto other = [&] {
    auto file = File::open(path, O_RDONLY | O_CREAT).value();
    return ::flock(file.fd(), LOCK_EX | LOCK_NB) == 0;
  };
  {
    const auto lock = lock_file(path);
    ASSERT_TRUE(lock);
    EXPECT_FALSE(other());
  }
  EXPECT_TRUE(other());
}

TEST(LockFile, FollowsNoLink) {
  const test::TempDir dir;
  fs::create_symlink(dir.path() / "elsewhere", dir.path() / "lock");
  EXPECT_FALSE(lock_file(dir.path() / "lock"));
  EXPECT_FALSE(fs::exists(dir.path() / "elsewhere"));
}

}  // namespace
}  // namespace sekisho
