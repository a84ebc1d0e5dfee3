// WorkerSupervisor: a thread that starts worker processes when they are wanted, watches each of
// them, waits for those whose session is gone, kills what overruns its time, and buries what has
// died: a log line, a counter, the message's fingerprint. Its blocking calls (fork, reading a
// message for its hash) hold up no loop. Owned by WorkerPools; at its end all processes are gone.
#pragma once

#include <atomic>
#include <deque>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/worker/process_pool.h"
#include "gateway/worker/suspects.h"

namespace sekisho::worker {

class WorkerSupervisor {
 public:
  struct Services {
    Log& log;
    Metrics& metrics;
    Suspects& suspects;
  };

  static Result<Descriptor> make_bell();  // an eventfd(2)
  WorkerSupervisor(const Services& services, std::vector<std::string> command, Descriptor bell);
  ~WorkerSupervisor();
  WorkerSupervisor(const WorkerSupervisor&) = delete;
  WorkerSupervisor& operator=(const WorkerSupervisor&) = delete;

  void run(std::vector<ProcessPool*> pools);  // begins; they outlive it
  void wake() const;                          // any thread

 private:
  void work();
  void start_wanted(ProcessPool& pool);
  void look_after(std::span<ProcessPool* const> pools);
  void hear(ProcessPool& pool, const Process& process);
  void bury(ProcessPool& pool, const Process& process);
  void write_obituaries();
  void write_first_obituary();
  void suspect(Pool pool, const Job& job, LogLine& line);
  void note_lacks(std::string_view lacks);

  Services services_;
  std::vector<std::string> command_;
  Descriptor bell_;
  std::vector<ProcessPool*> pools_;
  std::vector<char> buffer_;
  struct Obituary {
    Pool pool;
    std::shared_ptr<const Job> job;
    LogLine line;
    TimePoint since;
  };
  std::deque<Obituary> obituaries_;  // not yet written: first come the processes that start
  bool said_what_lacks_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace sekisho::worker
