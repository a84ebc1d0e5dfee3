// Many log-ins at once, over several loops: also what ThreadSanitizer is run on.
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/auth/authenticator.h"
#include "gateway/auth/password_hash.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/cheap_hash.h"
#include "tests/unit/auth/cpu_time.h"

namespace sekisho::auth {
namespace {

using Kind = Verdict::Kind;

struct Counts {
  std::atomic<int> accepted = 0;
  std::atomic<int> remembered = 0;
  std::atomic<int> wrong = 0;
  std::atomic<int> throttled = 0;
  std::atomic<int> unavailable = 0;

  void count(const Verdict& verdict) {
    switch (verdict.kind) {
      case Kind::accepted:
        ++accepted;
        if (verdict.reason == "remembered") ++remembered;
        break;
      case Kind::wrong:
        ++wrong;
        break;
      case Kind::throttled:
        ++throttled;
        break;
      case Kind::unavailable:
        ++unavailable;
        break;
    }
  }
};

// One client's log-in; the last of `open` stops the loop.
Task<void> log_in(std::shared_ptr<PasswordAuthenticator> authenticator, Loop& loop,
                  std::string user, std::string password, IpAddress client, CancelSource& cancel,
                  Counts& counts, int& open) {
  const smtp::Credentials credentials{std::move(user), {}, Secret(password)};
  counts.count(co_await authenticator->verify(loop, credentials, client, cancel));
  if (--open == 0) loop.stop();
}

AuthSettings settings_for(const std::filesystem::path& file) {
  AuthSettings settings;
  settings.users_file = file;
  settings.throttle.first_delay = 1ms;
  settings.throttle.max_delay = 4ms;
  return settings;
}

IpAddress client(int number) {
  return IpAddress::v4(
      {10, 0, static_cast<std::uint8_t>(number / 250), static_cast<std::uint8_t>(number % 250)});
}

TEST(AuthenticatorLoad, LoopsShareOneAuthenticatorWhileTheFileReloads) {
  const test::TempDir dir;
  std::string text;
  for (int i = 0; i < 10; ++i) {
    text +=
        "user" + std::to_string(i) + ":" + test::cheap_hash("secret" + std::to_string(i)) + "\n";
  }
  AuthSettings settings = settings_for(dir.write("users", text));
  settings.hash_threads = 2;
  settings.max_waiting = 10'000;
  const auto authenticator = make_users_file_authenticator(settings).value();

  constexpr int kLoops = 3;
  constexpr int kEach = 120;
  Counts counts;
  std::vector<std::thread> threads;
  for (int t = 0; t < kLoops; ++t) {
    threads.emplace_back([&, t] {
      Loop loop;
      CancelSource cancel;
      int open = kEach;
      for (int i = 0; i < kEach; ++i) {
        const std::string number = std::to_string(i % 10);
        const bool right = i % 4 != 3;
        spawn(log_in(authenticator, loop, "user" + number, (right ? "secret" : "guess") + number,
                     client(t * kEach + i), cancel, counts, open));
      }
      loop.run();
    });
  }
  std::atomic<bool> done = false;
  std::thread reloader([&] {
    for (int i = 0; !done; ++i) {
      (void)dir.write("other",
                      text + "# " + std::to_string(i) + "\nextra" + std::to_string(i) + ":*\n");
      std::filesystem::rename(dir.path() / "other", dir.path() / "users");
      EXPECT_TRUE(authenticator->reload_if_changed().has_value());
    }
  });
  for (auto& thread : threads) thread.join();
  done = true;
  reloader.join();
  EXPECT_EQ(counts.accepted, kLoops * kEach * 3 / 4);
  EXPECT_EQ(counts.wrong, kLoops * kEach / 4);
  EXPECT_EQ(counts.unavailable + counts.throttled, 0);
}

TEST(AuthenticatorLoad, OfManyFirstConnectionsOnePaysForTheHash) {
  const test::TempDir dir;
  const std::string hash = hash_password(Secret("secret")).value();
  const auto authenticator =
      make_users_file_authenticator(settings_for(dir.write("users", "alice:" + hash + "\n")))
          .value();
  Counts counts;
  Loop loop;
  CancelSource cancel;
  constexpr int kMany = 50;
  int open = kMany;
  auto begin = test::cpu_time();
  for (int i = 0; i < kMany; ++i) {
    spawn(log_in(authenticator, loop, "alice", "secret", client(1), cancel, counts, open));
  }
  loop.run();
  const auto all = test::cpu_time() - begin;
  begin = test::cpu_time();
  ASSERT_TRUE(verify_password(Secret("secret"), hash));
  EXPECT_EQ(counts.accepted, kMany);
  EXPECT_LT(all, (test::cpu_time() - begin) * (kMany / 4));
}

TEST(AuthenticatorLoad, FullQueueIsUnavailableAtOnceAndNeverAnOpening) {
  const test::TempDir dir;
  AuthSettings settings =
      settings_for(dir.write("users", "alice:" + hash_password(Secret("secret")).value() + "\n"));
  settings.max_waiting = 2;
  const auto authenticator = make_users_file_authenticator(settings).value();
  Counts counts;
  Loop loop;
  CancelSource cancel;
  constexpr int kMany = 40;
  int open = kMany;
  for (int i = 0; i < kMany; ++i) {
    spawn(log_in(authenticator, loop, "alice", "guess", client(i), cancel, counts, open));
  }
  loop.run();
  EXPECT_EQ(counts.accepted, 0);
  EXPECT_GE(counts.wrong, 2);
  EXPECT_GE(counts.unavailable, kMany - 10);
  EXPECT_EQ(counts.wrong + counts.unavailable, kMany);
}

TEST(AuthenticatorLoad, SessionsThatWentAwayCostNoHash) {
  const test::TempDir dir;
  const std::string hash = hash_password(Secret("secret")).value();
  const auto authenticator =
      make_users_file_authenticator(settings_for(dir.write("users", "alice:" + hash + "\n")))
          .value();
  Counts counts;
  Loop loop;
  CancelSource cancel;
  constexpr int kMany = 60;
  int open = kMany;
  const auto begin = test::cpu_time();
  for (int i = 0; i < kMany; ++i) {
    spawn(log_in(authenticator, loop, "alice", "guess", client(i), cancel, counts, open));
  }
  cancel.cancel();
  loop.run();
  const auto all = test::cpu_time() - begin;
  const auto one_begin = test::cpu_time();
  ASSERT_TRUE(verify_password(Secret("secret"), hash));
  EXPECT_EQ(counts.unavailable, kMany);
  EXPECT_LT(all, (test::cpu_time() - one_begin) * (kMany / 4));
}

}  // namespace
}  // namespace sekisho::auth
