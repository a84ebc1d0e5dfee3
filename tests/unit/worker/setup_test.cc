#include "gateway/worker/setup.h"

#include <string>

#include <gtest/gtest.h>

namespace sekisho::worker {
namespace {

SetupItem item(std::string kind, std::string content, bool needed = true) {
  return {std::move(kind), std::move(content), needed};
}

TEST(WorkerSetup, ComesBackAsItWent) {
  const std::vector<SetupItem> items{item("key", std::string("a\0b", 3)), item("key", "old", false),
                                     item("patterns", std::string(100'000, 'x'))};
  EXPECT_EQ(decode_setup(encode_setup(items)).value(), items);
  EXPECT_EQ(encode_setup({}), "");
  EXPECT_TRUE(decode_setup("")->empty());
}

TEST(WorkerSetup, TheSameItemsAreTheSameBytes) {
  const SetupItem a = item("key", "a");
  const SetupItem b = item("key", "b");
  EXPECT_EQ(encode_setup({a, b, a}), encode_setup({b, a}));
  EXPECT_NE(encode_setup({a}), encode_setup({b}));
}

TEST(WorkerSetup, WhatOneNeedsIsNeeded) {
  EXPECT_EQ(encode_setup({item("key", "a", false), item("key", "a")}),
            encode_setup({item("key", "a")}));
}

TEST(WorkerSetup, NothingThatIsCutIsASetup) {
  const std::string whole = encode_setup({item("key", "content")});
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_FALSE(decode_setup(whole.substr(0, size))) << size;
  EXPECT_FALSE(decode_setup(whole + '!'));
  EXPECT_FALSE(decode_setup('x' + whole.substr(1)));
}

TEST(WorkerSetup, EachItemGoesToItsPreparer) {
  std::string seen;
  const std::vector<Preparer> preparers{{"key", [&](std::string_view content) -> Result<void> {
                                           seen.append(content);
                                           return {};
                                         }}};
  EXPECT_TRUE(prepare_all(encode_setup({item("key", "a"), item("key", "b")}), preparers));
  EXPECT_EQ(seen, "ab");
  EXPECT_FALSE(prepare_all(encode_setup({item("other", "a")}), preparers));
  EXPECT_FALSE(prepare_all("nonsense", preparers));
}

TEST(WorkerSetup, OnlyWhatIsNeededMustBeHad) {
  int tried = 0;
  const std::vector<Preparer> preparers{{"key", [&](std::string_view content) -> Result<void> {
                                           ++tried;
                                           return fail(ErrorKind::io, std::string(content));
                                         }}};
  EXPECT_TRUE(prepare_all(encode_setup({item("key", "a", false)}), preparers));
  EXPECT_EQ(prepare_all(encode_setup({item("key", "b")}), preparers).error().text, "b");
  EXPECT_EQ(tried, 2);
}

}  // namespace
}  // namespace sekisho::worker
