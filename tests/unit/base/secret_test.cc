#include "gateway/base/secret.h"

#include <ostream>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

using namespace std::string_view_literals;

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string_view, Secret>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

TEST(Secret, KeepsItsBytesAndEndsThemWithANul) {
  const Secret secret("pa\0ss"sv);
  EXPECT_EQ(secret.reveal(), "pa\0ss"sv);
  EXPECT_EQ(secret.reveal().data()[5], '\0');
  EXPECT_STREQ(Secret().reveal().data(), "");
  EXPECT_TRUE(Secret("").empty());
}

TEST(Secret, LeavesNothingBehindWhenMoved) {
  Secret first("one");
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the state that is promised
  Secret third("three");
  third = std::move(second);
  EXPECT_EQ(third.reveal(), "one");
  const Secret copy = third.clone();
  EXPECT_EQ(copy.reveal(), "one");
  EXPECT_NE(copy.reveal().data(), third.reveal().data());
}

TEST(Wipe, OverwritesAlsoWhatLiesBehindTheEndOfAString) {
  std::string line(100, 'x');
  line.replace(0, 6, "secret");
  line.resize(3);
  const std::string_view storage(line.data(), line.capacity());
  wipe(line);
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.data(), storage.data());
  EXPECT_EQ(storage.find_first_not_of('\0'), std::string_view::npos);
}

TEST(Wipe, OverwritesABuffer) {
  char buffer[] = "secret";
  wipe(buffer, 3);
  EXPECT_EQ(std::string_view(buffer, 6), "\0\0\0ret"sv);
  wipe(nullptr, 0);
}

TEST(EqualInConstantTime, IsEquality) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("a\0b"sv, "a\0b"sv));
  EXPECT_FALSE(equal_in_constant_time("a\0b"sv, "a\0c"sv));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace sekisho
