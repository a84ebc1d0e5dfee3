// SnapshotSetups: what the worker processes hold (worker/setup.h) for the configurations in use:
// the newest, and those before it until their last session is gone; so a key or a pattern that a
// reload takes away is there for the messages that need it. Owned by the Server; main loop.
#pragma once

#include <memory>
#include <vector>

#include "gateway/snapshot.h"
#include "gateway/worker/workers.h"

namespace sekisho {

class SnapshotSetups {
 public:
  // To be awaited before a session has `next`. An Error is the text of a process that can't serve
  // it: sessions with older snapshots are served as before.
  Task<Result<void>> prepare(worker::Workers& workers, Loop& loop,
                             std::shared_ptr<const Snapshot> next, CancelSource& cancel);

 private:
  std::vector<std::weak_ptr<const Snapshot>> known_;
};

}  // namespace sekisho
