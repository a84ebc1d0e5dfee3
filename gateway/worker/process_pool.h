// ProcessPool: the processes of one pool: who has which, who waits for one, how many there should
// be, and what they were told to hold. Sessions take and give back on their loops; the Supervisor's
// thread starts and buries (process_pool_upkeep.cc). Thread-safe. Owned by WorkerPools; the loops
// must outlive it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/async/cancel.h"
#include "gateway/async/loop.h"
#include "gateway/base/metrics.h"
#include "gateway/base/respawn.h"
#include "gateway/worker/worker_process.h"
#include "gateway/worker/worker_settings.h"

namespace sekisho::worker {

using Process = std::shared_ptr<WorkerProcess>;

// To load, to read keys, to compile patterns, to close the sandbox.
constexpr Duration kStartPatience = 30s;

class ProcessPool {
 public:
  using Setup = std::shared_ptr<const mail::SealedCopy>;

  // `wake` tells the Supervisor that there is something to do; any thread, never blocks.
  ProcessPool(Pool pool, const PoolSettings& settings, Metrics& metrics,
              std::function<void()> wake);
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  [[nodiscard]] Pool pool() const { return pool_; }
  [[nodiscard]] const PoolSettings& settings() const { return settings_; }

  // What processes are told from now on; those that were told something else end after their job.
  void set_up(Setup setup);
  // The same once a process has become ready with it, which is then the first. An Error: why none
  // did; nothing has changed. One at a time.
  Task<Result<void>> try_set_up(Loop& loop, Setup setup, CancelSource& cancel);
  [[nodiscard]] bool has_setup(std::string_view bytes);

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
    Setup setup;
    std::uint64_t generation = 0;
  };
  [[nodiscard]] std::optional<Start> wants_start(TimePoint now);
  void started(const Process& process, Deadline until);
  void not_started(const Start& start, const Error& why, TimePoint now);
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
  [[nodiscard]] bool is_filling();  // processes start, or are about to
  // It has ended. What it had at that time, and why we killed it if we did.
  struct Death {
    std::shared_ptr<const Job> job;
    std::string_view doom;
    bool had_served = true;
  };
  Death bury(const Process& process, const std::string& how, TimePoint now);

 private:
  // One who waits. Owned by its coroutine and, as long as it is in the queue or a wake-up is on its
  // way, by those. `event` is of its loop; the rest is guarded by the mutex.
  struct Waiter {
    Loop& loop;
    std::shared_ptr<const Job> job;
    Event event{};
    Process granted{};
    std::optional<Error> refused{};
  };
  // A setup that one process tries. Likewise.
  struct Trial {
    Loop& loop;
    Start start;
    Event event{};
    bool begun = false;  // its process starts, or can't
    bool adopted = false;
    std::optional<Error> refused{};
  };
  class Place;
  using State = WorkerProcess::State;

  Process take_idle(const std::shared_ptr<const Job>& job);
  void make_free(const Process& process);
  void hand_out();
  void leave_queue(const std::shared_ptr<Waiter>& waiter);
  void kill(WorkerProcess& process, std::string_view why);
  void kill_idle(std::string_view why);
  void adopt_trial();
  void refuse_trial(const Error& why);
  [[nodiscard]] bool tries(const WorkerProcess& process) const;
  [[nodiscard]] bool is_worn(const WorkerProcess& process) const;
  void retire_worn();
  void fail_waiters_without_hope();
  void count();
  [[nodiscard]] std::size_t count_in(State state) const;
  // Those that serve, will serve or have just died; not the one that only tries a setup.
  [[nodiscard]] std::size_t standing() const;
  [[nodiscard]] std::size_t wanted() const;

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
  std::size_t wanted_ = 0;  // by jobs at a time
  Start setup_;
  std::shared_ptr<Trial> trial_;
  std::uint64_t generations_ = 0;
  RespawnDelay delay_;
  Deadline not_before_ = Deadline::at(TimePoint::min());
  std::string last_failure_;
};

}  // namespace sekisho::worker
