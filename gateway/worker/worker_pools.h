// WorkerPools: the Workers of the daemon: two pools of processes, and the thread that looks after
// them. A process that dies, hangs or speaks nonsense costs its own job an Error. Owned by the
// Server.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "gateway/async/offload.h"
#include "gateway/worker/supervisor.h"
#include "gateway/worker/workers.h"

namespace sekisho::worker {

// This program, as a worker.
inline const std::vector<std::string> kWorkerCommand{"/proc/self/exe", "worker"};

class WorkerPools final : public Workers {
 public:
  struct Services {
    Offload& offload;
    Log& log;
    Metrics& metrics;
  };

  // `command` begins with a path; the pool's name is put behind it. Processes start when the first
  // job needs them.
  static Result<std::unique_ptr<WorkerPools>> create(const WorkerSettings& settings,
                                                     const Services& services,
                                                     std::vector<std::string> command);

  Task<Result<std::string>> run(Loop& loop, Job job, CancelSource& cancel,
                                Deadline deadline = Deadline::never()) override;
  Task<Result<void>> set_up(Loop& loop, Pool pool, std::string setup,
                            CancelSource& cancel) override;
  mail::CopyBudget* copies() override { return &copies_; }

 private:
  class Lease;
  WorkerPools(const WorkerSettings& settings, const Services& services,
              std::vector<std::string> command, Descriptor bell);
  ProcessPool& of(Pool pool) { return pool == Pool::inspect ? inspect_ : signer_; }
  Task<Result<void>> refuse_suspect(Loop& loop, const std::shared_ptr<const Job>& job);
  Task<Result<std::string>> run_in(ProcessPool& pool, Loop& loop, std::shared_ptr<const Job> job,
                                   CancelSource& cancel, Deadline deadline);
  Result<void> hand_over(const WorkerProcess& process, const Job& job);
  static Task<Result<std::string>> await_result(Lease& lease, Loop& loop, CancelSource& cancel,
                                                Deadline deadline);

  Services services_;
  struct Counters {
    Counter& done;
    Counter& failed;
    Counter& refused;
  };
  Counters counters_of(Pool pool);
  std::array<Counters, kPools> counters_;
  mail::CopyBudget copies_;  // before whoever has jobs
  Suspects suspects_;
  ProcessPool inspect_;
  ProcessPool signer_;
  WorkerSupervisor supervisor_;  // last: its thread uses the rest until it is gone
};

}  // namespace sekisho::worker
