// A worker that somebody took over: what it tries, and what comes of it.
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/mail/charset.h"
#include "gateway/worker/landlock.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/bench.h"

namespace sekisho::worker::testing {
namespace {

class CompromisedWorker : public ::testing::Test {
 protected:
  CompromisedWorker() {
    std::ofstream(key) << "-----BEGIN PRIVATE KEY-----\n";
    bench.settings.inspect.time = std::chrono::milliseconds(5'000);
  }

  // Refused, or the process died over it.
  void expect_refused(const std::string& what, const std::string& detail = "") {
    const std::string answer = bench.tell(what + "=" + detail);
    const bool refused = answer.starts_with("refused: ") || answer.starts_with("closed: ");
    EXPECT_TRUE(refused) << what << ": " << answer;
    EXPECT_EQ(bench.tell("echo=next"), "next") << "after " << what;
  }
  void expect_death(const std::string& what, const std::string& detail = "") {
    EXPECT_THAT(bench.tell(what + "=" + detail), ::testing::StartsWith("closed: ")) << what;
    EXPECT_EQ(bench.tell("echo=next"), "next") << "after " << what;
    EXPECT_EQ(bench.wait_for_log("cause=forbidden how=\"died of SIGSYS\"").size(), 1U) << what;
  }

  Bench bench;
  test::TempDir folder;
  std::filesystem::path key = folder.path() / "key.pem";
};

TEST_F(CompromisedWorker, CanNotReadAKey) { expect_refused("read", key); }
TEST_F(CompromisedWorker, CanNotReadThePasswords) { expect_refused("read", "/etc/passwd"); }
TEST_F(CompromisedWorker, CanNotReadTheGatewaysMemory) {
  expect_refused("read", "/proc/" + std::to_string(::getpid()) + "/mem");
}
TEST_F(CompromisedWorker, CanNotCreateAFile) {
  expect_refused("create", folder.path() / "new");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "new"));
}
TEST_F(CompromisedWorker, CanNotOpenByANewerCall) { expect_refused("openat2", key); }
TEST_F(CompromisedWorker, CanNotListAFolder) { expect_refused("list"); }
TEST_F(CompromisedWorker, CanNotRemoveAFile) {
  expect_refused("unlink", key);
  EXPECT_TRUE(std::filesystem::exists(key));
}
TEST_F(CompromisedWorker, CanNotConnect) { expect_death("connect", "25"); }
TEST_F(CompromisedWorker, CanNotReachALocalService) { expect_death("unix socket"); }
TEST_F(CompromisedWorker, CanNotSendDatagrams) { expect_death("udp socket"); }
TEST_F(CompromisedWorker, CanNotRunAProgram) { expect_death("exec"); }
TEST_F(CompromisedWorker, CanNotFork) { expect_death("fork"); }
TEST_F(CompromisedWorker, CanNotTraceTheGateway) { expect_death("ptrace"); }
TEST_F(CompromisedWorker, CanNotReadAnothersMemory) { expect_death("process_vm_readv"); }
TEST_F(CompromisedWorker, CanNotKill) { expect_death("kill", std::to_string(::getpid())); }
TEST_F(CompromisedWorker, CanNotUseARing) { expect_death("io_uring"); }
TEST_F(CompromisedWorker, CanNotChangeItsOwnRules) { expect_death("prctl"); }
TEST_F(CompromisedWorker, CanNotHaveSignalsSent) { expect_death("signals by fcntl"); }
TEST_F(CompromisedWorker, CanNotWriteAndRunCode) { expect_refused("executable memory"); }

TEST(WorkerSandbox, MoreMemoryThanAllowedEndsTheProcess) {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers map terabytes, so that there is no limit";
#endif
  Bench bench;
  bench.settings.inspect.memory = Bytes{32UL * 1024 * 1024};
  EXPECT_THAT(bench.tell("memory"), ::testing::StartsWith("closed: "));
  EXPECT_EQ(bench.wait_for_log("cause=memory").size(), 1U);
  EXPECT_EQ(bench.tell("echo=next"), "next");
}

TEST(WorkerSandbox, WhatIsOpenInTheGatewayIsNotInTheWorker) {
  Bench bench;
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);  // without close-on-exec
  EXPECT_EQ(bench.tell("echo=started"), "started");
  ::close(pipe[1]);
  char byte = 0;
  EXPECT_EQ(::read(pipe[0], &byte, 1), 0);  // its end: nobody else holds the other side
  ::close(pipe[0]);
}

// Their converters are files, which have to be loaded before the sandbox is closed.
TEST(WorkerSandbox, EveryCharsetIsKnownInside) {
  Bench bench;
  for (const std::string_view name : mail::charset_names())
    EXPECT_NE(bench.tell("charset=" + std::string(name)), "unknown") << name;
  EXPECT_EQ(bench.tell("charset=utf-7"), "x\u00e4");
}

TEST(WorkerSandbox, TheProcessEndsWithThePools) {
  Bench bench;
  const pid_t pid = std::stoi(bench.tell("pid"));
  bench.stop();
  EXPECT_NE(::kill(pid, 0), 0);
}

// The second wall by itself: what passes the seccomp filter still opens nothing.
TEST(WorkerSandbox, LandlockAloneKeepsFilesClosed) {
  test::TempDir folder;
  const auto key = folder.path() / "key.pem";
  std::ofstream(key) << "secret";
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const auto closed = close_landlock();
    if (!closed) ::_exit(1);
    if (!*closed) ::_exit(2);
    ::_exit(::open(key.c_str(), O_RDONLY) < 0 ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sekisho::worker::testing
