#include "gateway/mail/sealed_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sekisho::mail {
namespace {

std::string seen_by_the_other_side(const SealedCopy& copy) {
  const auto view = SealedView::map(copy.descriptor());
  if (!view) return "refused: " + view.error().text;
  return std::string(view->bytes());
}

TEST(SealedCopy, TheOtherSideReadsTheSameBytes) {
  const std::string bytes("a\0b\r\n", 5);
  const auto copy = SealedCopy::of(bytes);
  ASSERT_TRUE(copy) << copy.error().text;
  EXPECT_EQ((*copy)->size(), bytes.size());
  EXPECT_EQ(seen_by_the_other_side(**copy), bytes);
}

TEST(SealedCopy, IsWrittenInPieces) {
  auto writer = SealedCopy::Writer::open();
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->append("Subject: x\r\n"));
  ASSERT_TRUE(writer->append(""));
  ASSERT_TRUE(writer->append("\r\nbody"));
  const auto copy = std::move(*writer).seal();
  ASSERT_TRUE(copy);
  EXPECT_EQ(seen_by_the_other_side(**copy), "Subject: x\r\n\r\nbody");
}

TEST(SealedCopy, MayBeEmpty) {
  const auto copy = SealedCopy::of("");
  ASSERT_TRUE(copy);
  EXPECT_EQ(seen_by_the_other_side(**copy), "");
}

TEST(SealedCopy, NobodyCanChangeItAnyMore) {
  const auto copy = SealedCopy::of("message");
  ASSERT_TRUE(copy);
  const int fd = (*copy)->descriptor();
  EXPECT_LT(::pwrite(fd, "x", 1, 0), 0);
  EXPECT_NE(::ftruncate(fd, 1), 0);
  EXPECT_NE(::ftruncate(fd, 100), 0);
  EXPECT_EQ(::mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  EXPECT_EQ(seen_by_the_other_side(**copy), "message");
}

TEST(SealedCopy, WhatIsNotSealedIsNotMapped) {
  Descriptor open(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_TRUE(open.is_open());
  ASSERT_EQ(::write(open.get(), "abc", 3), 3);
  EXPECT_FALSE(SealedView::map(open.get()));
  const Descriptor no_memory_file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(SealedView::map(no_memory_file.get()));
}

}  // namespace
}  // namespace sekisho::mail
