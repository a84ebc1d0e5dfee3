#include "gateway/process_file.h"

#include <thread>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

TEST(ProcessFile, IsReadAsItWasWritten) {
  const test::TempDir folder;
  const ProcessFile first{.main = 10, .gateway = 11};
  ASSERT_TRUE(first.write(folder.path()));
  EXPECT_EQ(ProcessFile::read(folder.path()).value(), first);
  const ProcessFile next{.main = 10, .gateway = 12};
  ASSERT_TRUE(next.write(folder.path()));
  EXPECT_EQ(ProcessFile::read(folder.path()).value(), next);
}

TEST(ProcessFile, IsRemovedByWhoWroteItLast) {
  const test::TempDir folder;
  const ProcessFile old{.main = 10, .gateway = 11};
  const ProcessFile current{.main = 10, .gateway = 12};
  ASSERT_TRUE(old.write(folder.path()));
  ASSERT_TRUE(current.write(folder.path()));
  old.remove(folder.path());
  EXPECT_TRUE(ProcessFile::read(folder.path()));
  current.remove(folder.path());
  EXPECT_EQ(ProcessFile::read(folder.path()).error().kind, ErrorKind::unavailable);
}

TEST(ProcessFile, OutlivesTheRemovalByWhoServedBefore) {
  const test::TempDir folder;
  const ProcessFile old{.main = 10, .gateway = 11};
  const ProcessFile current{.main = 10, .gateway = 12};
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(old.write(folder.path()));
    std::thread ending([&] { old.remove(folder.path()); });
    ASSERT_TRUE(current.write(folder.path()));
    ending.join();
    ASSERT_EQ(ProcessFile::read(folder.path()).value_or(old), current) << "round " << round;
  }
}

TEST(ProcessFile, IsNotBelievedWithSomethingElseInIt) {
  const test::TempDir folder;
  for (const char* text : {"", "x", "12", "0 0", "1 1", "-5 7", "10 1"}) {
    (void)folder.write("processes", text);
    EXPECT_EQ(ProcessFile::read(folder.path()).error().kind, ErrorKind::invalid) << text;
  }
}

TEST(ProcessFile, SaysWhereItCannotBeWritten) {
  const test::TempDir folder;
  const auto written = ProcessFile{.main = 10, .gateway = 11}.write(folder.path() / "absent");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().text.find("absent"), std::string::npos);
}

}  // namespace
}  // namespace sekisho
