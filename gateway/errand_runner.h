// ErrandRunner: does what filters set going beside their verdicts, on a thread and loop of its own,
// so that no session waits for it: sends notices through the upstreams, one after the other, and
// keeps suspensions in their file. Bounded: beyond kMaxWaiting notices one is dropped; that and
// every failure are logged and counted. A notice goes to recipients of our own domains alone, as
// the relay gate says. Owned by the Server.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "filters/errands.h"
#include "gateway/async/event.h"
#include "gateway/async/offload.h"
#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/net/resolve.h"
#include "gateway/snapshot.h"
#include "gateway/suspensions.h"

namespace sekisho {

class ErrandRunner final : public filters::Errands {
 public:
  static constexpr std::size_t kMaxWaiting = 100;

  struct Services {
    Offload& offload;
    NameResolver& resolver;
    Log& log;
    Metrics& metrics;
    Suspensions& suspensions;
  };

  explicit ErrandRunner(const Services& services);
  ~ErrandRunner() override;  // cuts what is under way, drops what waits, and joins
  ErrandRunner(const ErrandRunner&) = delete;
  ErrandRunner& operator=(const ErrandRunner&) = delete;

  // Any thread: the configuration from now on. Before the first one notices are dropped.
  void adopt(std::shared_ptr<const Snapshot> snapshot);

  void notify(filters::Notice notice) override;
  void suspend(filters::Suspension suspension) override;

 private:
  Task<void> send_all();
  Task<Result<std::string>> send(const filters::Notice& notice, const Snapshot& snapshot);
  Task<void> stop();
  void report(const filters::Notice& notice, const Result<std::string>& sent);

  Services services_;
  Loop loop_;
  upstream::Pool pool_;
  CancelSource cancel_;
  std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
  std::vector<filters::Notice> waiting_;      // guarded by mutex_
  bool sending_ = false;                      // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_
  std::atomic<bool> save_due_ = false;        // of the suspensions, on the loop
  Event idle_;
  std::uint64_t sent_ = 0;
  std::thread thread_;
};

}  // namespace sekisho
