#include "gateway/auth/throttle.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/settings_errors.h"

namespace sekisho::auth {
namespace {

const TimePoint kStart{1h};

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

ThrottleSettings settings() {
  return {.first_delay = 500ms, .max_delay = 10s, .max_failures_per_client = 20, .window = 10min};
}

void fail_times(Throttle& throttle, int times, std::string_view client, std::string_view user,
                TimePoint now = kStart) {
  for (int i = 0; i < times; ++i) throttle.failed(ip(client), user, now);
}

TEST(Throttle, StrangerIsNeitherDelayedNorRefused) {
  Throttle throttle(settings());
  const auto advice = throttle.ask(ip("192.0.2.1"), "alice", kStart);
  EXPECT_FALSE(advice.refuse);
  EXPECT_EQ(advice.delay, 0s);
}

TEST(Throttle, DelayDoublesFromFirstToLongest) {
  Throttle throttle(settings());
  for (const auto expected : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 10000ms, 10000ms}) {
    throttle.failed(ip("192.0.2.1"), "alice", kStart);
    EXPECT_EQ(throttle.ask(ip("192.0.2.1"), "bob", kStart).delay, expected);
  }
}

TEST(Throttle, DelayOfManyFailuresDoesNotOverflow) {
  ThrottleSettings many = settings();
  many.max_failures_per_client = 1'000'000;
  Throttle throttle(many);
  fail_times(throttle, 5000, "192.0.2.1", "alice");
  EXPECT_EQ(throttle.ask(ip("192.0.2.1"), "alice", kStart).delay, 10s);
  many.first_delay = 0ms;
  Throttle instant(many);
  fail_times(instant, 100, "192.0.2.1", "alice");
  EXPECT_EQ(instant.ask(ip("192.0.2.1"), "alice", kStart).delay, 0s);
}

TEST(Throttle, RefusesAClientAfterTooManyFailuresUntilTheWindowPassed) {
  Throttle throttle(settings());
  for (int i = 0; i < 19; ++i) throttle.failed(ip("192.0.2.1"), "u" + std::to_string(i), kStart);
  EXPECT_FALSE(throttle.ask(ip("192.0.2.1"), "x", kStart).refuse);
  throttle.failed(ip("192.0.2.1"), "x", kStart + 1min);
  EXPECT_TRUE(throttle.ask(ip("192.0.2.1"), "y", kStart + 1min).refuse);
  EXPECT_TRUE(throttle.ask(ip("192.0.2.1"), "y", kStart + 11min - 1ns).refuse);
  EXPECT_FALSE(throttle.ask(ip("192.0.2.2"), "y", kStart + 1min).refuse);
  const auto later = throttle.ask(ip("192.0.2.1"), "y", kStart + 11min);
  EXPECT_FALSE(later.refuse);
  EXPECT_EQ(later.delay, 0s);
}

TEST(Throttle, CountsIpv6BySixtyFour) {
  Throttle throttle(settings());
  for (int i = 0; i < 20; ++i) {
    throttle.failed(ip("2001:db8:0:1::" + std::to_string(i + 1)), "alice", kStart);
  }
  EXPECT_TRUE(throttle.ask(ip("2001:db8:0:1:ffff::9"), "bob", kStart).refuse);
  EXPECT_FALSE(throttle.ask(ip("2001:db8:0:2::1"), "bob", kStart).refuse);
}

TEST(Throttle, MappedIpv4IsTheSameClient) {
  Throttle throttle(settings());
  fail_times(throttle, 20, "::ffff:192.0.2.1", "alice");
  EXPECT_TRUE(throttle.ask(ip("192.0.2.1"), "bob", kStart).refuse);
}

TEST(Throttle, GuessersElsewhereSlowAnOwnerALittleAndNeverLockOut) {
  Throttle throttle(settings());
  for (int i = 0; i < 5000; ++i) {
    throttle.failed(ip("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1"),
                    "alice", kStart);
  }
  const auto owner = throttle.ask(ip("192.0.2.1"), "alice", kStart);
  EXPECT_FALSE(owner.refuse);
  EXPECT_EQ(owner.delay, 2s);
  EXPECT_EQ(owner.client_delay, 0s);
  EXPECT_EQ(throttle.ask(ip("192.0.2.1"), "bob", kStart).delay, 0s);
}

TEST(Throttle, SuccessForgivesATypingError) {
  Throttle throttle(settings());
  fail_times(throttle, 3, "192.0.2.1", "alice");
  throttle.succeeded(ip("192.0.2.1"), "alice");
  EXPECT_EQ(throttle.ask(ip("192.0.2.1"), "alice", kStart).delay, 0s);
  EXPECT_EQ(throttle.records(), 0U);
}

// A guesser with an account of its own logs in between its guesses.
TEST(Throttle, SuccessOnAnotherAccountClearsNothing) {
  Throttle throttle(settings());
  for (int i = 0; i < 20; ++i) {
    throttle.failed(ip("192.0.2.1"), "victim", kStart);
    throttle.succeeded(ip("192.0.2.1"), "guesser");
  }
  EXPECT_TRUE(throttle.ask(ip("192.0.2.1"), "victim", kStart).refuse);
}

TEST(Throttle, SuccessOnOneOfSeveralGuessedAccountsClearsNothingOfTheClient) {
  Throttle throttle(settings());
  fail_times(throttle, 19, "192.0.2.1", "victim");
  throttle.failed(ip("192.0.2.1"), "guesser", kStart);
  throttle.succeeded(ip("192.0.2.1"), "guesser");
  throttle.succeeded(ip("192.0.2.1"), "victim");
  EXPECT_TRUE(throttle.ask(ip("192.0.2.1"), "x", kStart).refuse);
}

TEST(Throttle, NamesThatAreNoNamesCountForTheClientAlone) {
  Throttle throttle(settings());
  fail_times(throttle, 3, "192.0.2.1", "");
  EXPECT_EQ(throttle.records(), 1U);
  EXPECT_EQ(throttle.ask(ip("192.0.2.1"), "", kStart).delay, 2s);
  EXPECT_EQ(throttle.ask(ip("192.0.2.2"), "", kStart).delay, 0s);
  throttle.succeeded(ip("192.0.2.1"), "alice");
  EXPECT_EQ(throttle.ask(ip("192.0.2.1"), "alice", kStart).delay, 2s);
}

TEST(Throttle, MemoryIsBoundedAndTheNewestRecordsStay) {
  Throttle throttle(settings(), 100);
  for (int i = 0; i < 10'000; ++i) {
    const auto v6 = IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0, static_cast<std::uint8_t>(i / 256),
                                   static_cast<std::uint8_t>(i % 256)});
    throttle.failed(v6, "user" + std::to_string(i), kStart);
  }
  EXPECT_LE(throttle.records(), 200U);
  fail_times(throttle, 20, "192.0.2.1", "alice");
  EXPECT_TRUE(throttle.ask(ip("192.0.2.1"), "alice", kStart).refuse);
}

TEST(Throttle, ForgetsWhatIsOver) {
  Throttle throttle(settings());
  fail_times(throttle, 1, "192.0.2.1", "alice");
  fail_times(throttle, 1, "192.0.2.2", "bob");
  EXPECT_EQ(throttle.records(), 4U);
  (void)throttle.ask(ip("192.0.2.9"), "x", kStart + 10min);
  EXPECT_EQ(throttle.records(), 0U);
}

TEST(Throttle, ThreadsCountTogether) {
  ThrottleSettings many = settings();
  many.max_failures_per_client = 400;
  Throttle throttle(many);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&throttle] { fail_times(throttle, 100, "192.0.2.1", "alice"); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(throttle.ask(ip("192.0.2.1"), "alice", kStart).refuse);
}

TEST(ThrottleSettings, SaysWhatIsWrongAndDocumentsEverything) {
  ThrottleSettings wrong = settings();
  wrong.max_delay = 100ms;
  test::SettingsErrors visitor;
  wrong.visit(visitor);
  EXPECT_THAT(visitor.errors,
              testing::ElementsAre("max_delay: max_delay is shorter than first_delay"));
  EXPECT_THAT(visitor.undocumented, testing::IsEmpty());
  EXPECT_EQ(visitor.keys.size(), 4U);
}

}  // namespace
}  // namespace sekisho::auth
