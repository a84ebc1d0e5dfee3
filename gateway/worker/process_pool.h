// ProcessPool: the processes of one pool: who has which, who waits for one, how many there should
// be. Sessions take and give back on their loops; the Supervisor's thread starts and buries.
// Thread-safe. Owned by WorkerPools; the loops must outlive it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/async/cancel.h"
#include "gateway/async/loop.h"
#include "gateway/base/metrics.h"
#include "gateway/base/respawn.h"
#include "gateway/worker/worker_process.h"
#include "gateway/worker/worker_settings.h"

namespace sekisho::worker {

using Process = std::shared_ptr<WorkerProcess>;

class ProcessPool {
 public:
  // `wake` tells the Supervisor that there is something to do; any thread, never blocks.
  ProcessPool(Pool pool, const PoolSettings& settings, Metrics& metrics,
              std::function<void()> wake);
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  [[nodiscard]] Pool pool() const { return pool_; }
  [[nodiscard]] const PoolSettings& settings() const { return settings_; }
  void set_up(std::shared_ptr<const mail::SealedCopy> setup);

  // For sessions, on their loops. A process of one's own, in the order of asking, until one of the
  // following three. ErrorKind::unavailable, timeout, cancelled.
  Task<Result<Process>> take(Loop& loop, std::shared_ptr<const Job> job, CancelSource& cancel,
                             Deadline deadline);
  void give_back(const Process& process);  // its job is done
  // Nobody wants to know: it may go on until then, and be used again.
  void leave(const Process& process, Deadline until);
  // It must end. `why`: a literal, the cause of its death; empty where it seems to have died
  // already.
  void doom(const Process& process, std::string_view why);

  // For the Supervisor.
  struct Start {
    std::shared_ptr<const mail::SealedCopy> setup;
    std::uint64_t generation = 0;
  };
  [[nodiscard]] std::optional<Start> wants_start(TimePoint now);
  void started(const Process& process, Deadline until);
  void not_started(const Error& why, TimePoint now);
  [[nodiscard]] bool serves(const Process& process);  // it has been ready
  void ready(const Process& process);
  void unable(const Process& process, std::string why);  // it ends by itself
  // Of a result that nobody waits for; false: no job has so many.
  [[nodiscard]] bool skip_part(const Process& process);
  struct Watched {
    Process process;
    bool listen = false;  // to its socket: it starts, or was left
    Deadline until = Deadline::never();
  };
  [[nodiscard]] std::vector<Watched> watched();
  // By its deadline of now: it may have been given to another session since it was watched.
  void doom_if_overrun(const Process& process, TimePoint now);
  [[nodiscard]] Deadline next_start();
  // It has ended. What it had at that time, and why we killed it if we did.
  struct Death {
    std::shared_ptr<const Job> job;
    std::string_view doom;
    bool had_served = true;
  };
  Death bury(const Process& process, const std::string& how, TimePoint now);

 private:
  struct Waiter;
  using State = WorkerProcess::State;

  Process take_idle(const std::shared_ptr<const Job>& job);
  void make_free(const Process& process);
  void kill(WorkerProcess& process, std::string_view why);
  void settle(Waiter& waiter);
  void fail_waiters_without_hope();
  void count();
  [[nodiscard]] std::size_t count_in(State state) const;

  const Pool pool_;
  const PoolSettings settings_;
  const std::size_t most_;
  Gauge& running_;
  Gauge& waiting_jobs_;
  const std::function<void()> wake_;
  std::mutex mutex_;  // guards all that follows
  std::vector<Process> all_;
  std::vector<Process> idle_;  // the last one is used first: its memory is warm
  std::deque<std::shared_ptr<Waiter>> waiting_;
  std::size_t wanted_ = 0;
  Start setup_;
  RespawnDelay delay_;
  Deadline not_before_ = Deadline::at(TimePoint::min());
  std::string last_failure_;
};

}  // namespace sekisho::worker
