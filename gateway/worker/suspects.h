// Suspects: the messages over which worker processes died, by a hash of their bytes. One that has
// killed kFatal processes is refused unread from then on: its sender tries again and again, and
// each try would cost a process and whoever waits for it. Bounded, and forgotten after kMemory
// without another death. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>

#include "gateway/base/aged_map.h"
#include "gateway/base/error.h"
#include "gateway/base/time.h"
#include "gateway/worker/job.h"

namespace sekisho::worker {

// Of the message; of kind and input, where the job is about none. Reads all of it: not on a loop
// when it is large.
Result<std::string> fingerprint(const Job& job);

class Suspects {
 public:
  static constexpr int kFatal = 3;
  static constexpr std::size_t kMost = 1024;
  static constexpr Duration kMemory = 1h;

  // Nobody has died lately: no fingerprint needs to be taken.
  [[nodiscard]] bool none() const { return none_; }
  [[nodiscard]] bool refuses(const std::string& fingerprint, TimePoint now);
  // How many it has killed by now.
  int killed(const std::string& fingerprint, TimePoint now);

 private:
  struct Record {
    int deaths = 0;
    TimePoint last;
  };
  void forget_old(TimePoint now);

  std::mutex mutex_;
  AgedMap<std::string, Record> records_{kMost};  // guarded by mutex_
  std::atomic<bool> none_ = true;
};

}  // namespace sekisho::worker
