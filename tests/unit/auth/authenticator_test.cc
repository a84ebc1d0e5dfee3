#include "gateway/auth/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/auth/password_hash.h"
#include "tests/support/settings_errors.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/cheap_hash.h"
#include "tests/unit/auth/cpu_time.h"

namespace sekisho::auth {
namespace {

namespace fs = std::filesystem;
using Kind = Verdict::Kind;

const std::string kHash = test::cheap_hash("secret");

AuthSettings quick_settings(const fs::path& users_file) {
  AuthSettings settings;
  settings.users_file = users_file;
  settings.throttle.first_delay = 0ms;
  settings.throttle.max_delay = 0ms;
  return settings;
}

class AuthenticatorTest : public testing::Test {
 protected:
  void start(const AuthSettings& settings) {
    auto made = make_users_file_authenticator(settings);
    ASSERT_TRUE(made.has_value()) << made.error().text;
    authenticator_ = *made;
  }
  void start_quick() { start(quick_settings(file_)); }

  Verdict verify(std::string user, std::string_view password, std::string_view client = "192.0.2.1",
                 std::string authorize_as = {}) {
    const smtp::Credentials credentials{std::move(user), std::move(authorize_as), Secret(password)};
    return loop_.run_until_done(
        authenticator_->verify(loop_, credentials, IpAddress::parse(client).value(), cancel_));
  }

  test::TempDir dir_;
  fs::path file_ = dir_.write("users", "alice:" + kHash + "\nlocked:!" + kHash + "\n");
  Loop loop_;
  CancelSource cancel_;
  std::shared_ptr<PasswordAuthenticator> authenticator_;
};

TEST_F(AuthenticatorTest, AcceptsTheRightPasswordUnderTheNormalizedName) {
  start_quick();
  const Verdict first = verify("ALICE", "secret");
  EXPECT_EQ(first.kind, Kind::accepted);
  EXPECT_EQ(first.user, "alice");
  EXPECT_EQ(first.reason, "password");
  const Verdict second = verify("Alice", "secret");
  EXPECT_EQ(second.kind, Kind::accepted);
  EXPECT_EQ(second.user, "alice");
  EXPECT_EQ(second.reason, "remembered");
}

TEST_F(AuthenticatorTest, RefusesEverythingElse) {
  AuthSettings settings = quick_settings(file_);
  settings.throttle.max_failures_per_client = 1000;
  start(settings);
  struct Case {
    std::string user;
    std::string password;
    std::string reason;
  };
  const Case cases[] = {{"alice", "Secret", "wrong password"},
                        {"alice", "", "wrong password"},
                        {"alice", "secret ", "wrong password"},
                        {"alice", std::string("secret\0", 7), "wrong password"},
                        {"alice", std::string(100'000, 'x'), "wrong password"},
                        {"alice", kHash, "wrong password"},
                        {"bob", "secret", "unknown user"},
                        {"", "secret", "unknown user"},
                        {"", "", "unknown user"},
                        {"alice ", "secret", "unknown user"},
                        {std::string("alice\0", 6), "secret", "unknown user"},
                        {"alice:", "secret", "unknown user"},
                        {"alice\n", "secret", "unknown user"},
                        {std::string(100'000, 'a'), "secret", "unknown user"},
                        {"locked", "secret", "locked account"},
                        {"locked", "!", "locked account"}};
  for (const auto& remembered : {false, true}) {
    if (remembered) {
      ASSERT_EQ(verify("alice", "secret").kind, Kind::accepted);
    }
    for (const auto& [user, password, reason] : cases) {
      const Verdict verdict = verify(user, password);
      EXPECT_EQ(verdict.kind, Kind::wrong) << user;
      EXPECT_EQ(verdict.reason, reason) << user;
      EXPECT_EQ(verdict.user, "");
    }
  }
}

TEST_F(AuthenticatorTest, NobodyActsAsSomebodyElse) {
  start_quick();
  EXPECT_EQ(verify("alice", "secret", "192.0.2.1", "bob").kind, Kind::wrong);
  EXPECT_EQ(verify("alice", "secret", "192.0.2.1", "alice\n").kind, Kind::wrong);
  EXPECT_EQ(verify("alice", "secret", "192.0.2.1", "ALICE").kind, Kind::accepted);
  EXPECT_EQ(verify("alice", "secret", "192.0.2.1", "bob").kind, Kind::wrong);
}

// A decoy is a real user's hash: the right password for it must open nothing.
TEST_F(AuthenticatorTest, UnknownNameWithAnotherUsersPasswordIsWrong) {
  start_quick();
  for (const char* name : {"a", "b", "c", "alice2", "zoe"}) {
    EXPECT_EQ(verify(name, "secret").kind, Kind::wrong);
  }
}

TEST_F(AuthenticatorTest, ReloadVoidsWhatWasRemembered) {
  start_quick();
  ASSERT_EQ(verify("alice", "secret").kind, Kind::accepted);
  (void)dir_.write("users", "alice:" + test::cheap_hash("changed") + "\n");
  ASSERT_TRUE(authenticator_->reload_if_changed().value());
  EXPECT_EQ(verify("alice", "secret").kind, Kind::wrong);
  EXPECT_EQ(verify("alice", "changed").kind, Kind::accepted);
  (void)dir_.write("users", "");
  ASSERT_TRUE(authenticator_->reload_if_changed().value());
  EXPECT_EQ(verify("alice", "changed").kind, Kind::wrong);
}

TEST_F(AuthenticatorTest, BrokenFileLeavesUsersAndMemoryInForce) {
  start_quick();
  ASSERT_EQ(verify("alice", "secret").kind, Kind::accepted);
  (void)dir_.write("users", "alice\n");
  EXPECT_FALSE(authenticator_->reload_if_changed().has_value());
  EXPECT_EQ(verify("alice", "secret").reason, "remembered");
}

TEST_F(AuthenticatorTest, RemembersNothingWhenToldSo) {
  AuthSettings settings = quick_settings(file_);
  settings.remember = 0ms;
  start(settings);
  EXPECT_EQ(verify("alice", "secret").reason, "password");
  EXPECT_EQ(verify("alice", "secret").reason, "password");
}

// Also with the right password, and also when that is remembered: a refused client must not find
// out by trying.
TEST_F(AuthenticatorTest, RefusedClientLearnsNothingAndOthersAreNotHeldUp) {
  AuthSettings settings = quick_settings(file_);
  settings.throttle.max_failures_per_client = 3;
  start(settings);
  ASSERT_EQ(verify("alice", "secret", "192.0.2.2").kind, Kind::accepted);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(verify("alice", "guess").kind, Kind::wrong);
  EXPECT_EQ(verify("alice", "guess").kind, Kind::throttled);
  EXPECT_EQ(verify("alice", "secret").kind, Kind::throttled);
  EXPECT_EQ(verify("bob", "x").kind, Kind::throttled);
  EXPECT_EQ(verify("alice", "secret", "192.0.2.2").reason, "remembered");
}

TEST_F(AuthenticatorTest, FailureIsToldAfterItsDelay) {
  AuthSettings settings = quick_settings(file_);
  settings.throttle.first_delay = 125ms;
  settings.throttle.max_delay = 250ms;
  start(settings);
  const auto took = [this](std::string_view password, std::string_view client, Kind expected) {
    const auto begin = Clock::now();
    EXPECT_EQ(verify("alice", password, client).kind, expected);
    return Clock::now() - begin;
  };
  EXPECT_GE(took("guess", "192.0.2.1", Kind::wrong), 125ms);
  EXPECT_GE(took("guess", "192.0.2.1", Kind::wrong), 250ms);
  EXPECT_GE(took("secret", "192.0.2.1", Kind::accepted), 250ms);
  // The success forgave the typing errors, and the owner is remembered from now on.
  EXPECT_GE(took("guess", "192.0.2.9", Kind::wrong), 125ms);
  EXPECT_LT(took("secret", "192.0.2.1", Kind::accepted), 125ms);
}

TEST_F(AuthenticatorTest, CancelledSessionGetsUnavailableDuringItsDelay) {
  AuthSettings settings = quick_settings(file_);
  settings.throttle.first_delay = 1h;
  settings.throttle.max_delay = 1h;
  start(settings);
  Timer timer(loop_, [this] { cancel_.cancel(); });
  timer.start(50ms);
  EXPECT_EQ(verify("alice", "guess").kind, Kind::unavailable);
  EXPECT_EQ(verify("alice", "secret").kind, Kind::unavailable);
}

TEST_F(AuthenticatorTest, MissingFileAndMissingSettingAreErrorsThatNameTheKey) {
  for (const auto& path : {dir_.path() / "none", fs::path()}) {
    const auto made = make_users_file_authenticator(quick_settings(path));
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().text, testing::StartsWith("auth.users_file: "));
  }
}

TEST_F(AuthenticatorTest, RememberedLogInCostsMicrosecondsWhereTheHashCostsMilliseconds) {
  file_ = dir_.write("users", "alice:" + hash_password(Secret("secret")).value() + "\n");
  start_quick();
  auto begin = test::cpu_time();
  ASSERT_EQ(verify("alice", "secret").reason, "password");
  const auto hashed = test::cpu_time() - begin;
  begin = test::cpu_time();
  constexpr int kTimes = 100;
  for (int i = 0; i < kTimes; ++i) ASSERT_EQ(verify("alice", "secret").reason, "remembered");
  EXPECT_LT((test::cpu_time() - begin) / kTimes, hashed / 10);
}

TEST_F(AuthenticatorTest, UnknownAndLockedUsersTakeAsLongAsKnownOnes) {
  file_ = dir_.write("users", "alice:" + hash_password(Secret("secret")).value() + "\nlocked:!\n");
  AuthSettings settings = quick_settings(file_);
  settings.throttle.max_failures_per_client = 1000;
  start(settings);
  // The quickest of several: what disturbs a measurement only ever makes it longer.
  const auto cost = [this](const char* user) {
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 4; ++i) {
      const auto begin = test::cpu_time();
      EXPECT_EQ(verify(user, "guess").kind, Kind::wrong);
      best = std::min(best, test::cpu_time() - begin);
    }
    return best;
  };
  const auto known = cost("alice");
  for (const char* user : {"nobody", "locked", "not:a name", ""}) {
    const auto other = cost(user);
    EXPECT_GT(other, known / 2) << user;
    EXPECT_LT(other, known * 2) << user;
  }
}

TEST(AuthSettings, DocumentsEverySetting) {
  AuthSettings settings;
  test::SettingsErrors visitor;
  settings.visit(visitor);
  EXPECT_THAT(visitor.undocumented, testing::IsEmpty());
  EXPECT_THAT(visitor.errors, testing::IsEmpty());
  EXPECT_THAT(visitor.keys, testing::IsSupersetOf({"users_file", "remember", "hash_threads",
                                                   "max_waiting", "throttle", "window"}));
}

}  // namespace
}  // namespace sekisho::auth
