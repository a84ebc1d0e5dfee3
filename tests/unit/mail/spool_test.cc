#include "gateway/mail/spool.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/mail/message.h"
#include "tests/support/temp_dir.h"

namespace sekisho::mail {
namespace {

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return out;
}

Task<Result<void>> fill(Spool& spool, std::string_view bytes, std::size_t step) {
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    auto taken = co_await spool.append(bytes.substr(at, step));
    if (!taken) co_return taken;
  }
  co_return Result<void>{};
}

Task<Result<std::string>> read_back(Spool& spool) {
  std::string all;
  std::string block;
  while (true) {
    auto got = co_await spool.read(all.size(), block);
    if (!got) co_return std::unexpected(got.error());
    if (block.empty()) co_return all;
    EXPECT_LE(block.size(), Spool::kBlock);
    all += block;
  }
}

std::size_t resident_kb() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0;
  status >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

class SpoolTest : public ::testing::Test {
 protected:
  Loop loop;
  Offload offload{2, 16};
  test::TempDir directory;
  [[nodiscard]] SpoolSettings settings(std::size_t memory) const {
    return {.directory = directory.path(), .memory = memory};
  }
};

TEST_F(SpoolTest, KeepsASmallMessageInMemory) {
  Spool spool(loop, offload, settings(1000));
  const std::string text = pattern(1000);
  ASSERT_TRUE(loop.run_until_done(fill(spool, text, 333)));
  EXPECT_FALSE(spool.in_file());
  EXPECT_EQ(spool.size(), 1000U);
  EXPECT_EQ(loop.run_until_done(read_back(spool)), text);
}

TEST_F(SpoolTest, GoesToAFileWithTheFirstByteTooMany) {
  Spool spool(loop, offload, settings(1000));
  ASSERT_TRUE(loop.run_until_done(fill(spool, pattern(1001), 1001)));
  EXPECT_TRUE(spool.in_file());
  EXPECT_EQ(loop.run_until_done(read_back(spool)), pattern(1001));
}

TEST_F(SpoolTest, GivesBackTheSameBytesForAnySizesAndSlices) {
  for (const std::size_t memory : {0UL, 1UL, 5000UL, Spool::kBlock, 3 * Spool::kBlock}) {
    for (const std::size_t size : {0UL, 1UL, 5000UL, Spool::kBlock - 1, Spool::kBlock,
                                   Spool::kBlock + 1, 4 * Spool::kBlock + 77}) {
      for (const std::size_t step : {777UL, 65536UL, 1'000'000UL}) {
        Spool spool(loop, offload, settings(memory));
        const std::string text = pattern(size);
        ASSERT_TRUE(loop.run_until_done(fill(spool, text, step)));
        EXPECT_EQ(spool.size(), size);
        const auto back = loop.run_until_done(read_back(spool));
        ASSERT_TRUE(back);
        EXPECT_TRUE(*back == text) << memory << " " << size << " " << step;
      }
    }
  }
}

TEST_F(SpoolTest, ReadsNowFromAnyOffsetAcrossFileAndMemory) {
  Spool spool(loop, offload, settings(1000));
  const std::string text = pattern(Spool::kBlock * 2 + 500);
  ASSERT_TRUE(loop.run_until_done(fill(spool, text, 4096)));
  for (std::size_t offset = 0; offset < text.size() + 10; offset += 10'007) {
    std::string out = "stale";
    std::string all;
    while (true) {
      ASSERT_TRUE(spool.read_now(offset + all.size(), 300'000, out));
      if (out.empty()) break;
      all += out;
    }
    EXPECT_TRUE(all == text.substr(std::min(offset, text.size()))) << offset;
  }
}

TEST_F(SpoolTest, LeavesNothingInTheDirectory) {
  Spool spool(loop, offload, settings(10));
  ASSERT_TRUE(loop.run_until_done(fill(spool, pattern(100'000), 1000)));
  ASSERT_TRUE(spool.in_file());
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(SpoolTest, FailsWithIoWhenTheDirectoryIsGone) {
  Spool spool(loop, offload, {.directory = "/nonexistent/spool", .memory = 10});
  const auto outcome = loop.run_until_done(fill(spool, pattern(100), 100));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::io);
}

// A limit on the size of files stands for the full disk: pwrite fails in the same place.
TEST_F(SpoolTest, FailsWithIoWhenTheDiskTakesNoMore) {
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = Spool::kBlock;
  auto* old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  Spool spool(loop, offload, settings(1000));
  const auto outcome = loop.run_until_done(fill(spool, pattern(4 * Spool::kBlock), 65536));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::io);
}

TEST_F(SpoolTest, IsEmptyAndUsableAfterDiscard) {
  Spool spool(loop, offload, settings(10));
  ASSERT_TRUE(loop.run_until_done(fill(spool, pattern(1000), 1000)));
  loop.run_until_done(spool.discard());
  EXPECT_EQ(spool.size(), 0U);
  EXPECT_FALSE(spool.in_file());
  ASSERT_TRUE(loop.run_until_done(fill(spool, "again", 5)));
  EXPECT_EQ(loop.run_until_done(read_back(spool)), "again");
}

TEST_F(SpoolTest, HoldsAHundredMegabytesInLessThanOneOfMemory) {
  Spool spool(loop, offload, settings(256UL * 1024));
  const std::string piece = pattern(64UL * 1024);
  ASSERT_TRUE(loop.run_until_done(fill(spool, piece, piece.size())));
  const std::size_t before = resident_kb();
  auto many = [](Spool& into, std::string_view bytes) -> Task<Result<void>> {
    for (int i = 0; i < 1600; ++i) {
      auto taken = co_await into.append(bytes);
      if (!taken) co_return taken;
    }
    co_return Result<void>{};
  };
  ASSERT_TRUE(loop.run_until_done(many(spool, piece)));
  EXPECT_EQ(spool.size(), 1601U * 64 * 1024);
  const std::size_t after = resident_kb();
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)
  EXPECT_LT(after - std::min(before, after), 1024U);
#else
  static_cast<void>(before);
  static_cast<void>(after);
#endif
}

class MessageTest : public SpoolTest {};

TEST_F(MessageTest, IsSealedWithHeaderAndBodyTogether) {
  for (const std::size_t memory : {10UL, 1'000'000UL}) {
    Message message(loop, offload, settings(memory), MimeLimits{});
    message.mutable_header_section() = "Subject: x\r\n\r\n";
    const std::string body = pattern(700'000);
    ASSERT_TRUE(loop.run_until_done(fill(message.body(), body, 1000)));
    EXPECT_EQ(message.size(), message.header_section().size() + body.size());

    const auto sealed = loop.run_until_done(message.sealed());
    ASSERT_TRUE(sealed);
    const auto seen = SealedView::map((*sealed)->descriptor());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->bytes(), message.header_section() + body);
    // Made once: the same copy again.
    EXPECT_EQ(loop.run_until_done(message.sealed()), *sealed);
  }
}

TEST_F(MessageTest, TellsWhenNoThreadIsFreeToSealIt) {
  Offload full(1, 0);
  Message message(loop, full, settings(1000), MimeLimits{});
  message.mutable_header_section() = "A: " + std::string(100'000, 'b') + "\r\n\r\n";
  const auto sealed = loop.run_until_done(message.sealed());
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace sekisho::mail
