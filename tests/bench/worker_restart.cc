// How long a worker process that died is missing: from its death (by a job that crashes, and by
// kill -9 while it has none) until the next job is answered, alone and with other jobs all the
// time. Prints milliseconds; 100 is the promise.
//
//   worker_restart [ROUNDS]
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include "filters/worker_jobs.h"
#include "gateway/worker/worker_main.h"
#include "gateway/worker/worker_pools.h"

namespace {

using namespace sekisho;

constexpr worker::JobKind kBenchJob{"bench", worker::Pool::inspect};
constexpr int kOthers = 32;                   // sessions beside, under load
constexpr std::size_t kMessage = 25'000'000;  // that kills: it is hashed as well
constexpr Duration kBetween = 20ms;           // so that deaths are no row of young ones

Result<std::string> do_bench_job(const worker::JobInput& job) {
  if (job.input == "crash") __builtin_trap();  // raise() is no call that the sandbox allows
  return std::to_string(::getpid());
}

worker::Handlers bench_handlers() {
  auto handlers = filters::worker_handlers();
  handlers.jobs.push_back({kBenchJob, do_bench_job});
  return handlers;
}

struct Bench {
  Loop loop;
  Offload offload{1, 64};
  Metrics metrics;
  std::unique_ptr<Log> log = Log::in_memory();
  CancelSource never;
  CancelSource end_of_load;
  int busy = 0;
  std::uint64_t jobs = 0;
  std::unique_ptr<worker::WorkerPools> pools;

  // No two jobs are alike: a third process that dies over one input refuses it.
  Task<Result<std::string>> run(std::string input,
                                std::shared_ptr<const mail::SealedCopy> message = nullptr) {
    return pools->run(loop,
                      {.kind = kBenchJob,
                       .input = input.empty() ? std::to_string(++jobs) : std::move(input),
                       .message = std::move(message),
                       .log_id = {}},
                      never);
  }
};

Task<void> load(Bench& bench) {
  ++bench.busy;
  while (!bench.end_of_load.cancelled()) (void)co_await bench.run("");
  --bench.busy;
}

Task<void> wait(Bench& bench, Duration time) {
  (void)co_await bench.loop.sleep_until(Deadline::in(time), bench.never);
}

[[noreturn]] void give_up(const char* what, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", what, error.text.c_str());
  std::abort();
}

// Until a process has answered that is not `dead`.
Task<double> time_to_answer(Bench& bench, std::string dead) {
  const TimePoint died = Clock::now();
  while (true) {
    const auto answer = co_await bench.run("");
    if (answer && *answer != dead) break;
  }
  co_return std::chrono::duration<double, std::milli>(Clock::now() - died).count();
}

Task<double> after_kill(Bench& bench) {
  const auto pid = co_await bench.run("");
  if (!pid) std::abort();
  ::kill(std::atoi(pid->c_str()), SIGKILL);
  co_return co_await time_to_answer(bench, *pid);
}

Task<double> after_crash(Bench& bench, int round) {
  const auto pid = co_await bench.run("");
  std::string text(kMessage, 'x');
  text.replace(0, 10, std::to_string(1'000'000'000 + round));  // one that nobody suspects
  auto message = mail::SealedCopy::of(text);
  if (!pid) give_up("no process", pid.error());
  if (!message) give_up("no copy of the message", message.error());
  if (co_await bench.run("crash", *message)) std::abort();
  co_return co_await time_to_answer(bench, *pid);
}

Task<void> measure(Bench& bench, int rounds, std::vector<double>& kills,
                   std::vector<double>& crashes) {
  for (int i = 0; i < rounds; ++i) {
    kills.push_back(co_await after_kill(bench));
    co_await wait(bench, kBetween);
    crashes.push_back(co_await after_crash(bench, i));
    co_await wait(bench, kBetween);
  }
}

void print(const char* what, std::vector<double>& times) {
  std::ranges::sort(times);
  const std::size_t last = times.size() - 1;
  std::printf("%-44s %8.1f %8.1f %8.1f\n", what, times[last / 2], times[last * 9 / 10],
              times[last]);
}

void bench_once(int rounds, bool loaded) {
  Bench bench;
  worker::WorkerSettings settings;
  settings.inspect.processes = 1;
  auto pools = worker::WorkerPools::create(settings, {bench.offload, *bench.log, bench.metrics},
                                           worker::kWorkerCommand);
  if (!pools) std::abort();
  bench.pools = std::move(*pools);
  if (!bench.loop.run_until_done(bench.run(""))) std::abort();
  if (loaded)
    for (int i = 0; i < kOthers; ++i) spawn(load(bench));
  std::vector<double> kills;
  std::vector<double> crashes;
  bench.loop.run_until_done(measure(bench, rounds, kills, crashes));
  bench.end_of_load.cancel();
  while (bench.busy > 0) bench.loop.run_until_done(wait(bench, 1ms));
  print(loaded ? "kill -9, 32 others" : "kill -9, alone", kills);
  print(loaded ? "a crash over 25 MB, 32 others" : "a crash over 25 MB, alone", crashes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "worker")  // as which it starts itself
    worker::run_worker(argv[2], bench_handlers());
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 50;
  std::printf("%-44s %8s %8s %8s\n", "milliseconds until the next answer", "median", "p90", "most");
  bench_once(rounds, false);
  bench_once(rounds, true);
  return 0;
}
