#include "gateway/auth/password_hash.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/auth/cheap_hash.h"

namespace sekisho::auth {
namespace {

TEST(PasswordHash, IsYescryptWithFreshSaltAndMatchesOnlyItsPassword) {
  const Secret password("correct horse");
  const auto first = hash_password(password);
  const auto second = hash_password(password);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->starts_with("$y$"));
  EXPECT_NE(*first, *second);
  EXPECT_TRUE(verify_password(password, *first));
  for (const char* wrong : {"correct hors", "correct horse ", "Correct horse", ""}) {
    EXPECT_FALSE(verify_password(Secret(wrong), *first)) << wrong;
  }
}

TEST(PasswordHash, RefusesWhatCryptWouldReadDifferently) {
  EXPECT_FALSE(hash_password(Secret()).has_value());
  EXPECT_FALSE(hash_password(Secret(std::string_view("a\0b", 3))).has_value());
  EXPECT_FALSE(hash_password(Secret(std::string(512, 'x'))).has_value());
}

// crypt(3) stops at a NUL: "secret NUL anything" must not pass for "secret".
TEST(PasswordHash, PasswordWithNulNeverMatches) {
  const std::string hash = test::cheap_hash("secret");
  EXPECT_TRUE(verify_password(Secret("secret"), hash));
  EXPECT_FALSE(verify_password(Secret(std::string_view("secret\0", 7)), hash));
  EXPECT_FALSE(verify_password(Secret(std::string_view("secret\0x", 8)), hash));
}

TEST(PasswordHash, LongestPasswordCountsToItsLastByte) {
  std::string longest(kMaxPasswordBytes, 'x');
  const std::string hash = test::cheap_hash(longest);
  EXPECT_TRUE(verify_password(Secret(longest), hash));
  longest.back() = 'y';
  EXPECT_FALSE(verify_password(Secret(longest), hash));
}

TEST(PasswordHash, ChecksTheMethodsThatOtherSystemsWrote) {
  struct Case {
    const char* setting;
    const char* method;
  };
  const Case cases[] = {{"$y$j75$saltsaltsalt", "yescrypt"},
                        {"$gy$j75$saltsaltsalt", "gost-yescrypt"},
                        {"$2b$04$abcdefghijklmnopqrstuu", "bcrypt"},
                        {"$2y$04$abcdefghijklmnopqrstuu", "bcrypt"},
                        {"$6$rounds=1000$saltsalt", "sha512"},
                        {"$5$rounds=1000$saltsalt", "sha256"},
                        {"$1$saltsalt", "md5"}};
  for (const auto& [setting, method] : cases) {
    const std::string hash = test::hash_with("pässword", setting);
    EXPECT_TRUE(is_usable_hash(hash)) << hash;
    EXPECT_EQ(hash_method(hash), method);
    EXPECT_TRUE(verify_password(Secret("pässword"), hash)) << hash;
    EXPECT_FALSE(verify_password(Secret("password"), hash)) << hash;
  }
}

TEST(PasswordHash, WhatIsNoHashMatchesNothing) {
  const std::string good = test::cheap_hash("x");
  const std::string bad[] = {"",
                             "x",
                             "secret",
                             "plaintextpassword",
                             "ab0123456789A",  // salted DES
                             "*",
                             "*0",
                             "!",
                             "!" + good,
                             "$",
                             "$y$",
                             "$y$j9T$salt",
                             "$y$j9T$salt$",
                             "$5$rounds=1000$saltsalt",
                             "$5$rounds=1000$saltsalt$",
                             "$99$abc$0123456789012345678901234567890123",
                             good.substr(0, good.size() - 30),
                             good + " ",
                             good + std::string(400, 'a'),
                             "$y$" + std::string(1, '\0') + good};
  for (const auto& hash : bad) {
    EXPECT_FALSE(is_usable_hash(hash)) << hash;
    EXPECT_FALSE(verify_password(Secret("x"), hash)) << hash;
    EXPECT_FALSE(verify_password(Secret(hash), hash)) << hash;
  }
  EXPECT_FALSE(verify_password(Secret("x"), good.substr(0, good.size() - 1)));
  EXPECT_FALSE(verify_password(Secret("x"), good + "a"));
}

TEST(PasswordHash, LockedAndUnknownAreNamedSo) {
  EXPECT_EQ(hash_method("!$y$j9T$x"), "locked");
  EXPECT_EQ(hash_method("*"), "locked");
  EXPECT_EQ(hash_method("nonsense"), "unknown");
}

TEST(PasswordHash, ThreadsDoNotDisturbEachOther) {
  const std::string hash = test::cheap_hash("secret");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&hash, t] {
      for (int i = 0; i < 50; ++i) {
        const bool right = (i + t) % 2 == 0;
        EXPECT_EQ(verify_password(Secret(right ? "secret" : "guess"), hash), right);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace sekisho::auth
