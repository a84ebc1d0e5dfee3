// Workers: runs jobs in sandboxed processes. Shared by all loops and thread-safe, but for run(),
// which is awaited on the loop that it is given. Owned by the Server; the loops must outlive it.
//
// An Error of run() is the handler's own, or says why there is no answer: closed (the process died
// over the job), timeout (it overran the pool's time or the deadline), protocol (it spoke
// nonsense), unavailable (no place in the queue, no process to be had, or the message has killed
// three already: it is refused unread), limit, cancelled. Filters throw it as CheckFailed: the
// client gets a 4xx.
#pragma once

#include <string>

#include "gateway/async/cancel.h"
#include "gateway/async/loop.h"
#include "gateway/base/time.h"
#include "gateway/worker/job.h"

namespace sekisho::worker {

class Workers {
 public:
  virtual ~Workers() = default;

  virtual Task<Result<std::string>> run(Loop& loop, Job job, CancelSource& cancel,
                                        Deadline deadline = Deadline::never()) = 0;

  // What the pool's processes are told before they have a job (encode_setup(), Handlers::prepare).
  // A process is started and told first: if it can't prepare itself for that, its words are the
  // Error, and all is as before. Else those that were told something else end after the job that
  // they have; what is unchanged, or nothing, changes no process. One at a time for each pool.
  virtual Task<Result<void>> set_up(Loop& loop, Pool pool, std::string setup,
                                    CancelSource& cancel) = 0;

  // What the copies of messages for jobs count against; null: nothing.
  virtual mail::CopyBudget* copies() { return nullptr; }
};

}  // namespace sekisho::worker
