// An evaluation by libspf2 as jobs of the inspect workers, in rounds: each has the answers that are
// known and brings a verdict, or the next question, which we look up while no process waits for it.
// One loop; ends by the deadline.
#pragma once

#include "filters/spf/check.h"
#include "gateway/worker/handlers.h"
#include "gateway/worker/workers.h"

namespace sekisho::spf {

inline constexpr worker::JobKind kLibspf2Job{"libspf2", worker::Pool::inspect};

// The other side: what the worker process does.
worker::Handler libspf2_handler();

// As check(), with the same limits. Errors are those of Workers::run(): the process died over it,
// there is none; ErrorKind::cancelled.
Task<Result<Check>> check_by_libspf2(worker::Workers& workers, Loop& loop, dns::Resolver& resolver,
                                     Query query, Deadline deadline, CancelSource& cancel);

}  // namespace sekisho::spf
