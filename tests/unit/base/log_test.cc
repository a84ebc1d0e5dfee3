#include "gateway/base/log.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class LogFile : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "log"; }
  [[nodiscard]] std::unique_ptr<Log> open(LogLevel level = LogLevel::info) const {
    return Log::open({.level = level, .format = LogFormat::logfmt, .file = file()}).value();
  }
  static std::vector<std::string> lines(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  test::TempDir folder_;
};

TEST_F(LogFile, HoldsALineForEachEventInOrderWithItsTime) {
  const auto log = open();
  log->write(LogLine("first").add("n", 1));
  log->write(LogLine("second").add("n", 2));
  log->flush();
  EXPECT_THAT(lines(file()),
              ElementsAre(MatchesRegex("20[0-9-]+T[0-9:]+\\.[0-9][0-9][0-9]Z first n=1"),
                          HasSubstr(" second n=2")));
}

TEST_F(LogFile, LeavesOutWhatIsBelowItsLevel) {
  const auto log = open(LogLevel::warning);
  EXPECT_FALSE(log->enabled(LogLevel::info));
  EXPECT_TRUE(log->enabled(LogLevel::error));
  log->write(LogLine("quiet"));
  log->write(LogLine("loud", LogLevel::warning));
  log->flush();
  EXPECT_THAT(lines(file()), ElementsAre(HasSubstr("loud")));
}

TEST_F(LogFile, IsCompleteWhenTheLogIsClosed) {
  {
    const auto log = open();
    for (int i = 0; i < 1000; ++i) log->write(LogLine("event").add("i", i));
  }
  EXPECT_EQ(lines(file()).size(), 1000U);
}

TEST_F(LogFile, IsContinuedAndNotReadableByOthers) {
  open()->write(LogLine("one"));
  open()->write(LogLine("two"));
  EXPECT_THAT(lines(file()), ElementsAre(HasSubstr("one"), HasSubstr("two")));
  struct stat info{};
  ASSERT_EQ(stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07U, 0U);
}

TEST_F(LogFile, IsOpenedAnewAfterRotation) {
  const auto log = open();
  log->write(LogLine("before"));
  log->flush();
  std::filesystem::rename(file(), folder_.path() / "log.1");
  log->write(LogLine("between"));
  log->flush();
  log->reopen();
  log->write(LogLine("after"));
  log->flush();
  EXPECT_THAT(lines(folder_.path() / "log.1"),
              ElementsAre(HasSubstr("before"), HasSubstr("between")));
  EXPECT_THAT(lines(file()), ElementsAre(HasSubstr("after")));
}

TEST_F(LogFile, StaysOpenAndSaysSoWhenItCantBeOpenedAnew) {
  const auto log = open();
  log->flush();
  std::filesystem::rename(file(), folder_.path() / "log.1");
  std::filesystem::create_directory(file());
  log->reopen();
  log->write(LogLine("after"));
  log->flush();
  EXPECT_THAT(lines(folder_.path() / "log.1"),
              ElementsAre(HasSubstr("log-reopen-failed level=error"), HasSubstr("after")));
}

TEST_F(LogFile, CantBeOpenedInAMissingFolder) {
  const auto log = Log::open({.file = folder_.path() / "missing" / "log"});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind, ErrorKind::io);
  EXPECT_THAT(log.error().text, HasSubstr("missing/log: No such file"));
}

TEST_F(LogFile, TakesWholeLinesFromManyThreads) {
  const auto log = open();
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&log, thread] {
      for (int i = 0; i < 500; ++i) log->write(LogLine("event").add("thread", thread).add("i", i));
    });
  }
  threads.clear();
  log->flush();
  const auto all = lines(file());
  EXPECT_EQ(all.size(), 2000U);
  for (const auto& line : all) EXPECT_THAT(line, MatchesRegex("[^ ]+ event thread=[0-3] i=[0-9]+"));
}

// A FIFO that nobody reads stands for a disk that hangs.
TEST_F(LogFile, DropsTheOldestLinesAndCountsThemWhenTheDiskHangs) {
  ASSERT_EQ(mkfifo(file().c_str(), 0600), 0);
  const int reader = ::open(file().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto log = open();
  constexpr int kLines = 30'000;
  const std::string filler(80, 'x');
  for (int i = 0; i < kLines; ++i) log->write(LogLine("event").add("filler", filler).add("i", i));
  EXPECT_GT(log->dropped(), 0U);  // and write() came back each time

  std::string text;
  std::jthread closer([&log] { log.reset(); });
  std::array<char, 65536> buffer{};
  ::fcntl(reader, F_SETFL, 0);  // blocking: ends when the logger closes the pipe
  for (ssize_t got = 0; (got = ::read(reader, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  closer.join();
  ::close(reader);

  std::uint64_t events = 0;
  std::uint64_t dropped = 0;
  std::string last;
  for (const auto line : split(text, '\n')) {
    if (line.contains(" event ")) {
      ++events;
      last = line;
    }
    const auto at = line.find(" log-overrun level=warning dropped=");
    if (at != std::string_view::npos)
      dropped += parse_uint(line.substr(line.rfind('=') + 1)).value();
  }
  EXPECT_THAT(last, HasSubstr("i=29999"));
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(events + dropped, static_cast<std::uint64_t>(kLines));
}

TEST_F(LogFile, CountsLinesThatTheDiskDidNotTake) {
  const auto log = Log::open({.file = "/dev/full"}).value();
  log->write(LogLine("lost"));
  log->flush();
  EXPECT_EQ(log->dropped(), 1U);
}

TEST(MemoryLog, KeepsLinesWithoutTimes) {
  const auto log = Log::in_memory();
  log->write(LogLine("event", LogLevel::debug).add("k", "v"));
  EXPECT_THAT(log->kept(), ElementsAre("event k=v"));
  EXPECT_EQ(log->dropped(), 0U);
}

}  // namespace
}  // namespace sekisho
