#include "gateway/worker/worker_pools.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "gateway/worker/frames.h"
#include "gateway/worker/handlers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/bench.h"

namespace sekisho::worker::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(WorkerPools, AJobComesBackWithItsResult) {
  Bench bench;
  EXPECT_EQ(bench.tell("echo=hello"), "hello");
  EXPECT_EQ(bench.counted("worker_jobs_total", {{"pool", "inspect"}, {"result", "done"}}), 1);
}

TEST(WorkerPools, TheWorkerReadsTheMessage) {
  Bench bench;
  const std::string message = "Subject: x\r\n\r\n" + std::string(1'000, 'b');
  EXPECT_EQ(bench.tell("message=", message), message);
}

TEST(WorkerPools, AnInputOfAnyLengthGetsThere) {
  Bench bench;
  EXPECT_EQ(bench.tell("length=" + std::string(1'000'000, 'x'), "message"), "1000000");
  EXPECT_EQ(bench.tell("length=" + std::string(40'000, 'x')), "40000");
  EXPECT_EQ(bench.tell("length=" + std::string(100, 'x')), "100");
}

TEST(WorkerPools, AResultUpToItsBoundComesBackWhole) {
  Bench bench;
  for (const std::size_t size :
       {std::size_t{0}, kPart - 1, kPart, kPart + 1, 2 * kPart, std::size_t{1'000'000}, kMaxResult})
    EXPECT_TRUE(bench.tell("result=" + std::to_string(size)) == long_text(size)) << size;
}

TEST(WorkerPools, AResultThatIsNoneEndsItsSender) {
  Bench bench;
  for (const char* what : {"parts without end", "a short part", "a failure behind a part"}) {
    EXPECT_THAT(bench.tell(what), StartsWith("protocol: ")) << what;
    EXPECT_EQ(bench.tell("echo=next"), "next");
  }
  EXPECT_EQ(bench.wait_for_log("cause=nonsense", 3).size(), 3U);
}

TEST(WorkerPools, OneProcessDoesOneJobAfterAnother) {
  Bench bench;
  const std::string pid = bench.tell("pid");
  EXPECT_EQ(bench.tell("pid"), pid);
}

TEST(WorkerPools, APoolDoesNotDoTheJobsOfTheOther) {
  Bench bench;
  Job sign{.kind = kSignJob, .input = "pid", .message = {}, .log_id = ""};
  const std::string signer = Bench::text(bench.run(std::move(sign)));
  EXPECT_NE(signer, bench.tell("pid"));
}

TEST(WorkerPools, AnErrorOfTheHandlerIsTheJobs) {
  Bench bench;
  EXPECT_EQ(bench.tell("fail=too deep"), "limit: too deep");
  EXPECT_EQ(bench.tell("throw=a bug"), "invalid: a bug");
  EXPECT_THAT(bench.tell("result=" + std::to_string(kMaxResult + 1)), StartsWith("limit: "));
  EXPECT_EQ(bench.tell("echo=still there"), "still there");
}

TEST(WorkerPools, AnUnknownKindOfJobIsAnError) {
  Bench bench;
  auto job = Bench::job("echo=x");
  job.kind = {"unknown", Pool::inspect};
  EXPECT_THAT(Bench::text(bench.run(std::move(job))), StartsWith("invalid: "));
}

TEST(WorkerPools, ACrashCostsItsOwnJobAlone) {
  Bench bench;
  EXPECT_THAT(bench.tell("crash"), StartsWith("closed: "));
  EXPECT_EQ(bench.tell("echo=next"), "next");
  const auto lines = bench.wait_for_log("worker_died");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("pool=inspect"));
  EXPECT_THAT(lines[0], HasSubstr("SIGSEGV"));
  EXPECT_THAT(lines[0], HasSubstr("job=test"));
  EXPECT_THAT(lines[0], HasSubstr("id=S1.1"));
  EXPECT_EQ(bench.counted("worker_deaths_total", {{"pool", "inspect"}, {"cause", "crashed"}}), 1);
}

TEST(WorkerPools, AJobThatOverrunsItsTimeIsKilled) {
  Bench bench;
  bench.settings.inspect.time = std::chrono::milliseconds(50);
  EXPECT_THAT(bench.tell("hang"), StartsWith("timeout: "));
  EXPECT_EQ(bench.wait_for_log("cause=overran").size(), 1U);
  EXPECT_EQ(bench.tell("echo=next"), "next");
}

TEST(WorkerPools, NonsenseEndsItsSender) {
  Bench bench;
  EXPECT_THAT(bench.tell("nonsense"), StartsWith("protocol: "));
  EXPECT_THAT(bench.tell("closes"), StartsWith("closed: "));
  EXPECT_EQ(bench.tell("echo=next"), "next");
  EXPECT_THAT(bench.tell("exit"), StartsWith("closed: "));
  EXPECT_EQ(bench.tell("echo=next"), "next");
}

TEST(WorkerPools, AProcessThatSaysTooMuchIsNotGivenTheNextJob) {
  Bench bench;
  // A frame that nobody asked for comes first, and the job's own is left over.
  EXPECT_THAT(bench.tell("answers twice"), StartsWith("protocol: "));
  EXPECT_EQ(bench.tell("echo=next"), "next");
}

TEST(WorkerPools, TheThirdDeathByAMessageRefusesIt) {
  Bench bench;
  for (int i = 0; i < Suspects::kFatal; ++i) {
    EXPECT_THAT(bench.tell("crash", "evil"), StartsWith("closed: "));
    ASSERT_EQ(bench.wait_for_log("worker_died", static_cast<std::size_t>(i) + 1).size(),
              static_cast<std::size_t>(i) + 1);
  }
  const auto refused = bench.wait_for_log("worker_message_refused");
  ASSERT_EQ(refused.size(), 1U);
  // Whatever is asked about it.
  const std::string answer = bench.tell("echo=x", "evil");
  EXPECT_THAT(answer, StartsWith("unavailable: "));
  const auto at = refused[0].find("fingerprint=") + std::string_view("fingerprint=").size();
  EXPECT_THAT(answer, HasSubstr(refused[0].substr(at, 32)));
  EXPECT_EQ(bench.tell("echo=x", "another"), "x");
  EXPECT_EQ(bench.counted("worker_jobs_total", {{"pool", "inspect"}, {"result", "refused"}}), 1);
}

TEST(WorkerPools, AProcessThatDiesIdleCostsNoJob) {
  Bench bench;
  const std::string pid = bench.tell("pid");
  ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
  EXPECT_EQ(bench.wait_for_log("worker_died").size(), 1U);
  EXPECT_NE(bench.tell("pid"), pid);
}

TEST(WorkerPools, AProcessThatDiedIsBackWithin100Ms) {
  Bench bench;
  const TimePoint begin = Clock::now();
  EXPECT_EQ(bench.tell("echo=first"), "first");
  const Duration a_start = Clock::now() - begin;  // on this machine, as busy as it is
  Duration best = Duration::max();
  for (int i = 0; i < 5; ++i) {
    (void)bench.tell("crash=" + std::to_string(i));
    const TimePoint died = Clock::now();
    EXPECT_EQ(bench.tell("echo=back"), "back");
    best = std::min(best, Clock::now() - died);
  }
  EXPECT_LT(best, 100ms + 2 * a_start);
}

TEST(WorkerPools, WhatCanNotStartIsAnErrorAtOnce) {
  Bench bench;
  bench.command = {"/nowhere/to/be/found"};
  EXPECT_THAT(bench.tell("echo=x"), StartsWith("unavailable: "));
  EXPECT_EQ(bench.wait_for_log("worker_not_started").size(), 1U);
}

TEST(WorkerPools, ANewSetupReachesTheNextJob) {
  Bench bench;
  EXPECT_EQ(bench.set_up("one"), "");
  EXPECT_EQ(bench.tell("prepared"), "one");
  EXPECT_EQ(bench.set_up("two"), "");
  EXPECT_EQ(bench.tell("prepared"), "two");
  EXPECT_EQ(bench.set_up(""), "");
  EXPECT_EQ(bench.tell("prepared"), "");
  EXPECT_TRUE(bench.log->kept().empty());  // that is no death
}

TEST(WorkerPools, ASetupThatNoProcessCanHoldChangesNothing) {
  Bench bench;
  EXPECT_EQ(bench.set_up("unable"), "no key here");
  EXPECT_EQ(bench.set_up("one"), "");
  const std::string pid = bench.tell("pid");
  EXPECT_EQ(bench.set_up("unable"), "no key here");
  EXPECT_THAT(bench.set_up("crash"), HasSubstr("died of SIGABRT"));
  EXPECT_EQ(bench.tell("pid"), pid);
  EXPECT_EQ(bench.tell("prepared"), "one");
  EXPECT_EQ(bench.set_up("two"), "");
  EXPECT_EQ(bench.tell("prepared"), "two");
}

TEST(WorkerPools, ASetupThatCanNotBeTriedIsAnError) {
  Bench bench;
  bench.command = {"/nowhere/to/be/found"};
  EXPECT_NE(bench.set_up("one"), "");
}

TEST(WorkerPools, AnUnchangedSetupChangesNoProcess) {
  Bench bench;
  EXPECT_EQ(bench.set_up("one"), "");
  const std::string pid = bench.tell("pid");
  EXPECT_EQ(bench.set_up("one"), "");
  EXPECT_EQ(bench.tell("pid"), pid);
}

TEST(WorkerPools, WhoEndsMeanwhileWaitsForNoSetup) {
  Bench bench;
  CancelSource ends;
  ends.cancel();
  const auto told =
      bench.loop.run_until_done(bench.pools().set_up(bench.loop, Pool::inspect, "one", ends));
  EXPECT_EQ(told.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(bench.tell("prepared"), "");
}

TEST(WorkerPools, WhatAProcessLacksThatStartsLaterIsToldToTheJobs) {
  Bench bench;
  const sekisho::test::TempDir folder;
  const auto key = folder.write("key", "x");
  EXPECT_EQ(bench.set_up("file=" + key.native()), "");
  const std::string pid = bench.tell("pid");
  std::filesystem::remove(key);
  ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
  EXPECT_EQ(bench.wait_for_log("worker_died").size(), 1U);
  EXPECT_EQ(bench.tell("echo=x"), "unavailable: no such key");
}

TEST(WorkerPools, AProcessIsReplacedAfterItsNumberOfJobs) {
  Bench bench;
  bench.settings.inspect.max_jobs = 3;
  const std::string first = bench.tell("pid");
  std::string last = first;
  for (int i = 0; i < 10'000 && last == first; ++i) last = bench.tell("pid");
  EXPECT_NE(last, first);
  bench.stop();
  EXPECT_TRUE(bench.log->kept().empty());
  EXPECT_EQ(bench.counted("worker_jobs_total", {{"pool", "inspect"}, {"result", "failed"}}), 0);
}

TEST(WorkerPools, AProcessServesOnWhileItHasNoSuccessor) {
  Bench bench;
  bench.settings.inspect.max_jobs = 1;
  const sekisho::test::TempDir folder;
  const auto key = folder.write("key", "x");
  EXPECT_EQ(bench.set_up("file=" + key.native()), "");
  std::filesystem::remove(key);
  const std::string pid = bench.tell("pid");
  EXPECT_EQ(bench.wait_for_log("worker_not_started").empty(), false);
  EXPECT_EQ(bench.tell("pid"), pid);
}

TEST(WorkerPools, TheCopiesOfInputsHaveABound) {
  Bench bench;
  bench.settings.copies.count = 100'000;
  EXPECT_THAT(bench.tell("length=" + std::string(200'000, 'x')), StartsWith("limit: "));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.tell("length=" + std::string(90'000, 'x')), "90000");
  EXPECT_EQ(bench.metrics.counter("worker_copies_refused_total", "").value(), 1);
  EXPECT_EQ(bench.metrics.gauge("worker_copies_bytes", "").value(), 0);
}

TEST(WorkerPools, ASetupMayBeLarge) {
  Bench bench;
  bench.settings.inspect.memory.count = 16UL * 1024 * 1024;  // of a job; this is none
  EXPECT_EQ(bench.set_up(std::string(20'000'000, 'x')), "");
  EXPECT_EQ(bench.tell("prepared size"), "20000000");
}

Task<void> run_into(Bench& bench, Job job, CancelSource& cancel, Result<std::string>& out) {
  out = co_await bench.pools().run(bench.loop, std::move(job), cancel);
}

TEST(WorkerPools, JobsWaitForAProcessUpToABound) {
  Bench bench;
  bench.settings.inspect.max_waiting = 2;
  EXPECT_EQ(bench.tell("echo=warm"), "warm");
  std::vector<Result<std::string>> results(4);
  for (auto& result : results) spawn(run_into(bench, Bench::job("echo=x"), bench.cancel, result));
  EXPECT_THAT(Bench::text(results[3]), StartsWith("unavailable: "));
  while (results[2] != "x")
    (void)bench.loop.run_until_done(bench.loop.sleep_until(Deadline::in(1ms), bench.never));
  EXPECT_EQ(results[0], "x");
  EXPECT_EQ(results[1], "x");
}

TEST(WorkerPools, ASessionThatGoesLeavesTheProcessToTheNext) {
  Bench bench;
  const std::string pid = bench.tell("pid");
  CancelSource gone;
  Result<std::string> result;
  spawn(run_into(bench, Bench::job("busy=20"), gone, result));
  gone.cancel();
  EXPECT_EQ(bench.tell("pid"), pid);
  EXPECT_THAT(Bench::text(result), StartsWith("cancelled: "));
}

TEST(WorkerPools, TheLongResultOfASessionThatWentIsSkipped) {
  Bench bench;
  const std::string pid = bench.tell("pid");
  CancelSource gone;
  Result<std::string> result;
  spawn(run_into(bench, Bench::job("result=" + std::to_string(kMaxResult)), gone, result));
  gone.cancel();
  EXPECT_EQ(bench.tell("pid"), pid);
  CancelSource gone_too;
  spawn(run_into(bench, Bench::job("parts without end"), gone_too, result));
  gone_too.cancel();
  EXPECT_EQ(bench.tell("echo=next"), "next");
  EXPECT_EQ(bench.wait_for_log("cause=nonsense").size(), 1U);
}

TEST(WorkerPools, AHungJobOfASessionThatWentIsKilledAllTheSame) {
  Bench bench;
  bench.settings.inspect.time = std::chrono::milliseconds(100);
  EXPECT_EQ(bench.tell("echo=warm"), "warm");
  CancelSource gone;
  Result<std::string> result;
  spawn(run_into(bench, Bench::job("hang", "evil"), gone, result));
  gone.cancel();
  EXPECT_EQ(bench.tell("echo=next"), "next");
  const auto lines = bench.wait_for_log("cause=overran");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("fingerprint="));
}

TEST(WorkerPools, ADeadlineEndsTheWait) {
  Bench bench;
  EXPECT_EQ(bench.tell("echo=warm"), "warm");
  const auto result = bench.loop.run_until_done(
      bench.pools().run(bench.loop, Bench::job("hang"), bench.cancel, Deadline::in(20ms)));
  EXPECT_THAT(Bench::text(result), StartsWith("timeout: "));
}

TEST(WorkerPools, SessionsThatGoAtAnyMomentLeaveNothingBehind) {
  Bench bench;
  bench.settings.inspect.processes = 2;
  EXPECT_EQ(bench.tell("echo=warm"), "warm");
  const bool long_run = std::getenv("SEKISHO_LONG") != nullptr;
  for (int i = 0; i < (long_run ? 10'000 : 2'000); ++i) {
    CancelSource gone;
    Result<std::string> result = fail(ErrorKind::invalid, "no answer");
    spawn(run_into(bench, Bench::job(i % 3 == 0 ? "busy=1" : "echo=x", "message"), gone, result));
    if (i % 2 == 0)
      (void)bench.loop.run_until_done(
          bench.loop.sleep_until(Deadline::in(std::chrono::microseconds(i % 97)), bench.never));
    gone.cancel();
    while (!result && result.error().kind == ErrorKind::invalid)
      (void)bench.loop.run_until_done(bench.loop.sleep_until(Deadline::in(0ms), bench.never));
    EXPECT_TRUE(result || result.error().kind == ErrorKind::cancelled) << Bench::text(result);
  }
  EXPECT_EQ(bench.tell("echo=next"), "next");
  EXPECT_TRUE(bench.log->kept().empty());
}

}  // namespace
}  // namespace sekisho::worker::testing
