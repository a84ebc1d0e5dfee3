// WorkerProcess: one worker process, as the gateway knows it. Started, and waited for at its end,
// by the Supervisor; what it does at the moment is guarded by the mutex of its ProcessPool. kill()
// and the descriptors may be used by any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/error.h"
#include "gateway/base/time.h"
#include "gateway/worker/job.h"

namespace sekisho::worker {

class WorkerProcess {
 public:
  enum class State : std::uint8_t {
    starting,  // until it says that it is ready
    idle,
    busy,    // with a session's job
    left,    // with a job whose session is gone
    doomed,  // it is to be waited for and forgotten
  };

  // `command` begins with a path.
  static Result<std::shared_ptr<WorkerProcess>> start(const std::vector<std::string>& command,
                                                      Pool pool, std::uint64_t memory,
                                                      const mail::SealedCopy& setup);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // At once and surely. It holds nothing that could be lost.
  void kill() const;
  // Nothing while it runs. How it ended: as waitpid(2) has it, as often as asked. Supervisor only.
  [[nodiscard]] std::optional<int> reap();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int ended() const { return pidfd_.get(); }  // readable when it has
  [[nodiscard]] int socket() const { return socket_.get(); }

  // Guarded by the pool's mutex.
  State state = State::starting;
  std::uint64_t generation = 0;        // of the setup that it was told
  std::shared_ptr<const Job> job;      // that it has
  Deadline until = Deadline::never();  // starting, left: then it is killed
  std::size_t skipped_parts = 0;       // left: of the result that nobody waits for
  bool serves = false;                 // it has been ready
  std::int64_t jobs = 0;               // that it has had
  std::string_view doom;               // a word for why we killed it; empty: we didn't

 private:
  WorkerProcess(pid_t pid, Descriptor pidfd, Descriptor socket)
      : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}
  pid_t pid_;
  Descriptor pidfd_;
  Descriptor socket_;
  std::optional<int> status_;  // reaped
};

}  // namespace sekisho::worker
