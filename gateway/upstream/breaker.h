// Breaker: after `failures` failed connections in a row an upstream is skipped for `pause`, then
// one probe is let through: its success closes the breaker, its failure opens it for another pause.
// A probe that never reports back (its session was stopped) costs one pause. Pure: time is an
// argument. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "gateway/base/time.h"

namespace sekisho::upstream {

class Breaker {
 public:
  Breaker(std::int64_t failures, Duration pause) : limit_(failures), pause_(pause) {}

  // May a connection be tried now? In half-open state, true for one caller per pause.
  [[nodiscard]] bool try_acquire(TimePoint now);
  // True when this success closed an open breaker.
  bool succeeded();
  // True when this failure opened the breaker.
  bool failed(TimePoint now);
  [[nodiscard]] bool open() const;

 private:
  mutable std::mutex mutex_;
  std::int64_t limit_;
  Duration pause_;
  std::int64_t failures_ = 0;  // guarded by mutex_
  TimePoint retry_at_{};       // guarded by mutex_
};

}  // namespace sekisho::upstream
