// Breaker: after `failures` failed connections in a row an upstream is skipped for `pause`, then
// one probe is let through. When the probe connects, so may everybody again; but the row of
// failures goes on, and ends only with work that was done: until then the next failure opens the
// breaker for another pause. A probe that never reports back (its session was stopped) costs one
// pause. Checks (check_state.h) may open it, keep probes back while they ask, and end a row of
// connections that failed, but not one of work that failed. Pure: time is an argument. Thread-safe.
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
  // Nobody may: what try_acquire() would say, without becoming the probe.
  [[nodiscard]] bool skips(TimePoint now) const;
  // A connection was made; it has not proved yet that it is of use.
  void connected();
  // The end of the row. True when the upstream was down until now.
  bool succeeded();
  enum class Failure : std::uint8_t {
    connecting,
    work,  // the connection was good, up to EHLO
    final  // whatever the row: that it is down is known, or trying again can only do harm
  };
  // True when the upstream is down from now on: said once for each row.
  bool failed(TimePoint now, Failure what = Failure::connecting);
  // Checks say that connections are good again. True when that ends the row.
  bool answers();
  // While open: no probe before `until`.
  void hold(TimePoint until);
  [[nodiscard]] bool open() const;

 private:
  mutable std::mutex mutex_;
  std::int64_t limit_;
  Duration pause_;
  std::int64_t failures_ = 0;  // in a row, `limit_` at most; guarded by mutex_
  bool down_ = false;          // it was open in this row; guarded by mutex_
  bool work_failed_ = false;   // in this row; guarded by mutex_
  TimePoint retry_at_{};       // guarded by mutex_
};

}  // namespace sekisho::upstream
