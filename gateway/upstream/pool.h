// Pool: the upstream connections of one loop thread, over all upstreams. lease() gives an idle
// connection or opens one, by priority, passing over upstreams whose breaker is open. What an
// Upstream holds (breaker, count of connections) is shared by the threads; everything else is this
// loop's. Owned by the loop thread's owner, which shuts it down, runs the loop until quiet() and
// then destroys it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/net/resolve.h"
#include "gateway/upstream/lease.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

class Pool {
 public:
  using Lease = upstream::Lease;

  Pool(Loop& loop, NameResolver& resolver, Offload& offload, Log& log, Metrics& metrics);
  ~Pool();  // shut_down(); what is still unwinding ends on the loop by itself
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // `passed_over`: names of upstreams that already failed this message. `fresh_only`: an idle
  // connection was stale, open a new one. Upstreams of the best priority are tried in turn, then
  // the next priority; when all of a priority's connections are in use it waits for one, first
  // come, first served. ErrorKind::unavailable when none is left or the deadline passed, with the
  // last reason; ErrorKind::cancelled. `client`, whose mail it is for, lives until then.
  Task<Result<Lease>> lease(const Upstreams& upstreams, const std::vector<std::string>& passed_over,
                            bool fresh_only, Deadline deadline, CancelSource& cancel,
                            const mail::Peer* client = nullptr);
  // Pools a connection that is reusable (after its message or a RSET) for other clients, else
  // closes it with QUIT.
  void give_back(Lease lease);
  // The same for a connection whose transaction may be open: says RSET first, without its caller
  // having to wait.
  void reset_and_give_back(Lease lease);
  // Closes a connection that failed, at once and without QUIT. A fresh connection that broke counts
  // against its upstream; one that we gave up (ErrorKind::cancelled) or that was stale does not.
  void drop(Lease lease, const Error& why);

  // The upstreams of the configuration from now on: they are checked while they carry no mail, and
  // at once if they never were (checks.h). Each is checked by one of the pools that watch it.
  void watch(const Upstreams& upstreams);

  // Closes the idle connections and cancels what is pending; every later lease() is `cancelled`,
  // every later give_back() closes.
  void shut_down();
  // Somebody on this loop waits for a connection: whoever holds one that it doesn't need now should
  // give it back.
  [[nodiscard]] bool crowded() const;
  // No coroutine of the pool is under way (leases being opened or waited for, resets, goodbyes).
  [[nodiscard]] bool quiet() const;
  // Returns once quiet(), or with `timeout` or `cancelled`.
  Task<Result<void>> wait_quiet(Deadline deadline, CancelSource& cancel);
  [[nodiscard]] std::size_t idle_connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sekisho::upstream
