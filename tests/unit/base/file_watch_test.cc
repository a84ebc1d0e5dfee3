#include "gateway/base/file_watch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

namespace fs = std::filesystem;

Result<bool> yes() { return true; }
Result<bool> broken() { return fail(ErrorKind::invalid, "line 1 is wrong"); }

// Until a further change could no longer hide in the same tick of the clock.
void let_settle(const fs::path& file) {
  while (!is_final_stamp(file_stamp(file))) {
  }
}

TEST(FileStamp, IsEqualForAnUntouchedFileAndForAnAbsentOne) {
  const test::TempDir dir;
  const fs::path file = dir.write("a", "x");
  let_settle(file);
  EXPECT_EQ(file_stamp(file), file_stamp(file));
  EXPECT_EQ(file_stamp(dir.path() / "absent"), file_stamp(dir.path() / "absent"));
  EXPECT_NE(file_stamp(file), file_stamp(dir.path() / "absent"));
}

TEST(FileStamp, TellsARewriteThatKeepsSizeAndModificationTime) {
  const test::TempDir dir;
  const fs::path file = dir.write("a", "x");
  let_settle(file);
  const std::string before = file_stamp(file);
  const auto time = fs::last_write_time(file);
  (void)dir.write("a", "y");
  fs::last_write_time(file, time);
  EXPECT_NE(file_stamp(file), before);
}

TEST(FileStamp, OfAFileJustChangedIsNotFinal) {
  const test::TempDir dir;
  EXPECT_FALSE(is_final_stamp(file_stamp(dir.write("a", "x"))));
}

TEST(FileWatch, ReloadsOnlyWhatHasChanged) {
  const test::TempDir dir;
  const fs::path file = dir.write("a", "x");
  let_settle(file);
  FileWatch watch(file);
  int reloads = 0;
  const auto count = [&]() -> Result<bool> { return ++reloads > 0; };
  EXPECT_EQ(watch.look(count), false);
  (void)dir.write("a", "yy");
  let_settle(file);
  EXPECT_EQ(watch.look(count), true);
  EXPECT_EQ(watch.look(count), false);
  fs::remove(file);
  EXPECT_EQ(watch.look(count), true);
  EXPECT_EQ(reloads, 2);
}

TEST(FileWatch, LooksAgainAtAFileJustChanged) {
  const test::TempDir dir;
  FileWatch watch(dir.write("a", "x"));
  EXPECT_EQ(watch.look(yes), true);
  EXPECT_EQ(watch.look(yes), true);
}

TEST(FileWatch, TellsAReasonOnceAndAgainAfterItWasMended) {
  const test::TempDir dir;
  FileWatch watch(dir.write("a", "x"));
  EXPECT_EQ(watch.look(broken).error().text, "line 1 is wrong");
  EXPECT_EQ(watch.look(broken), false);
  const auto otherwise = []() -> Result<bool> { return fail(ErrorKind::invalid, "line 2"); };
  EXPECT_EQ(watch.look(otherwise).error().text, "line 2");
  EXPECT_EQ(watch.look(yes), true);
  EXPECT_FALSE(watch.look(otherwise));
}

}  // namespace
}  // namespace sekisho
