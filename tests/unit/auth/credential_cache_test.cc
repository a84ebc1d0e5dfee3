#include "gateway/auth/credential_cache.h"

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/auth/cpu_time.h"

namespace sekisho::auth {
namespace {

const TimePoint kStart{1h};

TEST(CredentialCache, KnowsExactlyWhatItWasToldUntilItExpires) {
  CredentialCache cache(5min, 10);
  ASSERT_TRUE(cache.usable().has_value());
  EXPECT_FALSE(cache.knows("alice", Secret("secret"), 1, kStart));
  cache.remember("alice", Secret("secret"), 1, kStart);
  EXPECT_TRUE(cache.knows("alice", Secret("secret"), 1, kStart));
  EXPECT_TRUE(cache.knows("alice", Secret("secret"), 1, kStart + 5min - 1ns));
  EXPECT_FALSE(cache.knows("alice", Secret("Secret"), 1, kStart));
  EXPECT_FALSE(cache.knows("alice", Secret(""), 1, kStart));
  EXPECT_FALSE(cache.knows("bob", Secret("secret"), 1, kStart));
  EXPECT_FALSE(cache.knows("alice", Secret("secret"), 1, kStart + 5min));
}

TEST(CredentialCache, WrongPasswordDoesNotForgetTheRightOne) {
  CredentialCache cache(5min, 10);
  cache.remember("alice", Secret("secret"), 1, kStart);
  EXPECT_FALSE(cache.knows("alice", Secret("guess"), 1, kStart));
  EXPECT_TRUE(cache.knows("alice", Secret("secret"), 1, kStart));
}

TEST(CredentialCache, UserAndPasswordDoNotRunIntoEachOther) {
  CredentialCache cache(5min, 10);
  cache.remember("ab", Secret("c"), 1, kStart);
  EXPECT_FALSE(cache.knows("a", Secret("bc"), 1, kStart));
  EXPECT_FALSE(cache.knows("abc", Secret(""), 1, kStart));
}

TEST(CredentialCache, AnotherGenerationVoidsTheEntryForGood) {
  CredentialCache cache(5min, 10);
  cache.remember("alice", Secret("secret"), 1, kStart);
  EXPECT_FALSE(cache.knows("alice", Secret("secret"), 2, kStart));
  EXPECT_FALSE(cache.knows("alice", Secret("secret"), 1, kStart));
}

TEST(CredentialCache, UseDoesNotProlongRemembering) {
  CredentialCache cache(5min, 10);
  cache.remember("alice", Secret("secret"), 1, kStart);
  EXPECT_TRUE(cache.knows("alice", Secret("secret"), 1, kStart + 4min));
  EXPECT_FALSE(cache.knows("alice", Secret("secret"), 1, kStart + 6min));
}

TEST(CredentialCache, ZeroRemembersNothing) {
  CredentialCache cache(0s, 10);
  cache.remember("alice", Secret("secret"), 1, kStart);
  EXPECT_FALSE(cache.knows("alice", Secret("secret"), 1, kStart));
}

TEST(CredentialCache, IsBoundedAndDropsTheOldest) {
  CredentialCache cache(5min, 100);
  for (int i = 0; i < 1000; ++i) {
    cache.remember("user" + std::to_string(i), Secret("secret"), 1, kStart + i * 1ms);
  }
  int known = 0;
  for (int i = 0; i < 1000; ++i) {
    known += cache.knows("user" + std::to_string(i), Secret("secret"), 1, kStart + 1s) ? 1 : 0;
  }
  EXPECT_EQ(known, 100);
  EXPECT_TRUE(cache.knows("user999", Secret("secret"), 1, kStart + 1s));
  EXPECT_FALSE(cache.knows("user0", Secret("secret"), 1, kStart + 1s));
}

TEST(CredentialCache, AnotherOnesKeyIsAnotherKey) {
  CredentialCache one(5min, 10);
  CredentialCache other(5min, 10);
  one.remember("alice", Secret("secret"), 1, kStart);
  EXPECT_FALSE(other.knows("alice", Secret("secret"), 1, kStart));
}

std::vector<std::string> flags_of_mappings() {
  std::vector<std::string> all;
  std::ifstream maps("/proc/self/smaps");
  for (std::string line; std::getline(maps, line);) {
    if (line.starts_with("VmFlags:")) all.push_back(line + " ");
  }
  return all;
}

TEST(CredentialCache, KeyLiesInMemoryThatIsLockedAndNotDumped) {
  const auto count = [] {
    int found = 0;
    for (const auto& flags : flags_of_mappings()) {
      if (flags.find(" lo ") != std::string::npos && flags.find(" dd ") != std::string::npos) {
        ++found;
      }
    }
    return found;
  };
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers make mlock() a no-op";
#endif
  if (flags_of_mappings().empty()) GTEST_SKIP() << "the kernel tells no VmFlags";
  const int before = count();
  const CredentialCache cache(5min, 10);
  EXPECT_GT(count(), before);
}

TEST(CredentialCache, ThreadsShareIt) {
  CredentialCache cache(5min, 50);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string user = "user" + std::to_string((i + t) % 70);
        cache.remember(user, Secret("secret of " + user), 1, kStart);
        EXPECT_FALSE(cache.knows(user, Secret("guess"), 1, kStart));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

// The promise is microseconds; the bound leaves room for sanitizers and busy machines.
TEST(CredentialCache, LookUpCostsMicroseconds) {
  CredentialCache cache(5min, 10'000);
  cache.remember("alice", Secret("secret"), 1, kStart);
  const Secret password("secret");
  constexpr int kTimes = 1000;
  const auto begin = test::cpu_time();
  for (int i = 0; i < kTimes; ++i) ASSERT_TRUE(cache.knows("alice", password, 1, kStart));
  EXPECT_LT((test::cpu_time() - begin) / kTimes, 500us);
}

}  // namespace
}  // namespace sekisho::auth
