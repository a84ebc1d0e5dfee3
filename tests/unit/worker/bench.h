// What the tests of worker processes share: pools whose processes are test_worker.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/worker/worker_pools.h"
#include "tests/unit/worker/process/test_jobs.h"

namespace sekisho::worker::testing {

class Bench {
 public:
  Bench() {
    settings.inspect.processes = settings.signer.processes = 1;
    settings.inspect.time = std::chrono::milliseconds(10'000);
  }

  WorkerPools& pools() {
    if (!pools_) {
      auto made = WorkerPools::create(settings, {offload, *log, metrics}, command);
      EXPECT_TRUE(made) << made.error().text;
      pools_ = std::move(*made);
    }
    return *pools_;
  }
  void stop() { pools_.reset(); }

  static Job job(std::string input, const std::string& message = "") {
    Job made{.kind = kInspectJob, .input = std::move(input), .message = {}, .log_id = "S1.1"};
    if (!message.empty()) made.message = mail::SealedCopy::of(message).value();
    return made;
  }
  Result<std::string> run(Job made) {
    return loop.run_until_done(pools().run(loop, std::move(made), cancel));
  }
  Result<std::string> run(std::string input, const std::string& message = "") {
    return run(job(std::move(input), message));
  }
  // The Error's text; empty: it was told.
  std::string set_up(std::string setup, Pool pool = Pool::inspect) {
    const auto told = loop.run_until_done(pools().set_up(loop, pool, std::move(setup), cancel));
    return told ? "" : told.error().text;
  }
  // The result or the error as one text.
  std::string tell(std::string input, const std::string& message = "") {
    return text(run(std::move(input), message));
  }
  static std::string text(const Result<std::string>& result) {
    return result ? *result
                  : std::string(to_string(result.error().kind)) + ": " + result.error().text;
  }

  // Lines of the log with these words, once there are some: the supervisor writes them after the
  // session has had its answer.
  std::vector<std::string> wait_for_log(const std::string& words, std::size_t count = 1) {
    std::vector<std::string> found;
    for (int i = 0; i < 500 && found.size() < count; ++i) {
      if (i > 0) (void)loop.run_until_done(loop.sleep_until(Deadline::in(10ms), never));
      found.clear();
      for (const std::string& line : log->kept())
        if (line.find(words) != std::string::npos) found.push_back(line);
    }
    return found;
  }
  double counted(const std::string& name, const Metrics::Labels& labels) {
    return metrics.counter(name, "", labels).value();
  }

  Loop loop;
  Offload offload{1, 64};
  CancelSource cancel;
  CancelSource never;
  std::unique_ptr<Log> log = Log::in_memory();
  Metrics metrics;
  WorkerSettings settings;
  std::vector<std::string> command{SEKISHO_TEST_WORKER};

 private:
  std::unique_ptr<WorkerPools> pools_;
};

}  // namespace sekisho::worker::testing
