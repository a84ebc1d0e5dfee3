#include "gateway/auth/users_file.h"

#include <fstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/file_io.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/cheap_hash.h"

namespace sekisho::auth {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

const std::string kHash = test::cheap_hash("secret");
const std::string kOther = test::cheap_hash("other");

Result<void> set_user(const fs::path& path, const std::string& name, const std::string& hash) {
  return UsersFile::update(path, [&](Users& users) -> Result<void> {
    users[name] = hash;
    return {};
  });
}

std::string content(const fs::path& path) { return read_whole_file(path).value(); }

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(UsersFile, MissingFileIsAnError) {
  const TempDir dir;
  EXPECT_FALSE(UsersFile::open(dir.path() / "users").has_value());
  EXPECT_FALSE(set_user(dir.path() / "users", "a", kHash).has_value());
}

TEST(UsersFile, CreateMakesAPrivateEmptyFileAndNeverEmptiesOne) {
  const TempDir dir;
  const fs::path path = dir.path() / "users";
  ASSERT_TRUE(UsersFile::create(path).has_value());
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_TRUE(UsersFile::open(path).value()->users()->empty());
  ASSERT_TRUE(set_user(path, "a", kHash).has_value());
  EXPECT_FALSE(UsersFile::create(path).has_value());
  EXPECT_EQ(content(path), "a:" + kHash + "\n");
}

TEST(UsersFile, SnapshotOutlivesAReload) {
  const TempDir dir;
  const fs::path path = dir.write("users", "a:" + kHash + "\n");
  const auto file = UsersFile::open(path).value();
  const auto before = file->snapshot();
  ASSERT_TRUE(set_user(path, "b", kOther).has_value());
  EXPECT_TRUE(file->reload_if_changed().value());
  EXPECT_FALSE(before.users->contains("b"));
  EXPECT_TRUE(file->users()->contains("b"));
  EXPECT_EQ(file->generation(), before.generation + 1);
  EXPECT_FALSE(file->reload_if_changed().value());
  EXPECT_EQ(file->generation(), before.generation + 1);
}

TEST(UsersFile, BrokenOrMissingFileKeepsUsersAndGenerationAndSaysWhyOnce) {
  const TempDir dir;
  const fs::path path = dir.write("users", "a:" + kHash + "\n");
  const auto file = UsersFile::open(path).value();
  for (const bool missing : {false, true}) {
    if (missing) {
      fs::remove(path);
    } else {
      (void)dir.write("users", "a:" + kHash + "\nb:plain\n");
    }
    EXPECT_FALSE(file->reload_if_changed().has_value());
    EXPECT_FALSE(file->reload_if_changed().value());
    EXPECT_TRUE(file->users()->contains("a"));
    EXPECT_EQ(file->generation(), 1U);
  }
  (void)dir.write("users", "c:" + kHash + "\n");
  EXPECT_TRUE(file->reload_if_changed().value());
  EXPECT_TRUE(file->users()->contains("c"));
  EXPECT_FALSE(file->users()->contains("a"));
}

TEST(UsersFile, SeesQuickChangesOfEqualSize) {
  const TempDir dir;
  const fs::path path = dir.write("users", "u00:" + kHash + "\n");
  const auto file = UsersFile::open(path).value();
  for (int i = 10; i < 60; ++i) {
    (void)dir.write("users", "u" + std::to_string(i) + ":" + kHash + "\n");
    ASSERT_TRUE(file->reload_if_changed().value()) << i;
  }
}

TEST(UsersFile, NewCommentIsNoNewGeneration) {
  const TempDir dir;
  const fs::path path = dir.write("users", "a:" + kHash + "\n");
  const auto file = UsersFile::open(path).value();
  (void)dir.write("users", "# hello\na:" + kHash + "\n");
  EXPECT_FALSE(file->reload_if_changed().value());
  EXPECT_EQ(file->generation(), 1U);
}

TEST(UsersFile, UpdateKeepsModeAndCommentsAndLeavesNoLitter) {
  const TempDir dir;
  const fs::path path = dir.write("users", "# ours\na:" + kHash + "\n");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(set_user(path, "b", kOther).has_value());
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
  EXPECT_EQ(content(path), "# ours\na:" + kHash + "\nb:" + kOther + "\n");
  EXPECT_EQ(files_in(dir.path()), 2U);  // and the lock
}

TEST(UsersFile, UpdateKeepsTheOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const TempDir dir;
  const fs::path path = dir.write("users", "");
  ASSERT_EQ(::chown(path.c_str(), 1234, 5678), 0);
  ASSERT_TRUE(set_user(path, "b", kOther).has_value());
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1234U);
  EXPECT_EQ(info.st_gid, 5678U);
  ASSERT_EQ(::stat((path.native() + ".lock").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1234U);
}

TEST(UsersFile, UpdateThroughALinkReplacesTheFileAndNotTheLink) {
  const TempDir dir;
  const fs::path real = dir.write("real", "a:" + kHash + "\n");
  const fs::path link = dir.path() / "users";
  fs::create_symlink("real", link);
  ASSERT_TRUE(set_user(link, "b", kOther).has_value());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(UsersFile::open(real).value()->users()->contains("b"));
}

TEST(UsersFile, RefusedChangeAndUnreadableFileLeaveEveryByteAlone) {
  const TempDir dir;
  const std::string good = "a:" + kHash + "\n";
  const fs::path path = dir.write("users", good);
  const auto refused = UsersFile::update(path, [](Users& users) -> Result<void> {
    users.clear();
    return fail(ErrorKind::invalid, "no");
  });
  EXPECT_EQ(refused.error().text, "no");
  EXPECT_FALSE(set_user(path, "b", "plain text").has_value());
  EXPECT_EQ(content(path), good);

  const std::string broken = good + "# keep\nnonsense\n";
  (void)dir.write("users", broken);
  EXPECT_FALSE(set_user(path, "b", kHash).has_value());
  EXPECT_EQ(content(path), broken);
  EXPECT_EQ(files_in(dir.path()), 2U);
}

TEST(UsersFile, LockThatIsALinkIsNotFollowed) {
  const TempDir dir;
  const fs::path path = dir.write("users", "");
  fs::create_symlink(dir.path() / "elsewhere", path.native() + ".lock");
  EXPECT_FALSE(set_user(path, "a", kHash).has_value());
  EXPECT_FALSE(fs::exists(dir.path() / "elsewhere"));
}

TEST(UsersFile, WritersAtTheSameTimeLoseNothingAndReadersSeeWholeFiles) {
  const TempDir dir;
  const fs::path path = dir.write("users", "always:" + kHash + "\n");
  const auto file = UsersFile::open(path).value();
  constexpr int kWriters = 4;
  constexpr int kEach = 15;
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&path, w] {
      for (int i = 0; i < kEach; ++i) {
        const std::string name = "w" + std::to_string(w) + "." + std::to_string(i);
        EXPECT_TRUE(set_user(path, name, kHash).has_value());
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const auto reloaded = file->reload_if_changed();
    ASSERT_TRUE(reloaded.has_value()) << reloaded.error().text;
    ASSERT_TRUE(file->users()->contains("always"));
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(UsersFile::open(path).value()->users()->size(), 1U + kWriters * kEach);
}

}  // namespace
}  // namespace sekisho::auth
