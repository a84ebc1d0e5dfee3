// CheckState: when one upstream is to be asked whether it is well, and what the answers so far come
// to. Who has just carried mail is not asked. Several failures in a row mean that it is down, and
// several good answers that it is up again: one alone is chance. Shared by the loops, of which one
// claims each check. Time is an argument. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>

#include "gateway/base/time.h"
#include "gateway/upstream/settings.h"

namespace sekisho::upstream {

class CheckState {
 public:
  enum class News : std::uint8_t { none, down, up };

  explicit CheckState(const UpstreamSettings& settings);

  // When the next check is due; never() where there are none. `down`: its breaker is open.
  [[nodiscard]] Deadline due(bool down) const;
  // True for one caller, who makes the check that is due and reports it.
  [[nodiscard]] bool claim(TimePoint now, bool down);
  // The check did not come to a result: it counts for nothing.
  void abandoned(TimePoint now);
  News passed(TimePoint now, bool down);
  News failed(TimePoint now);
  // It did something for a message: a check has nothing to find out for a while.
  void worked(TimePoint now);
  // The last checks failed, and no message has gone since: not even an open connection is of use.
  [[nodiscard]] bool failing() const;
  // How long after a failed check, at most, the next one has its result, on a busy machine too.
  [[nodiscard]] Duration horizon() const;

 private:
  [[nodiscard]] Duration pause(bool down) const;  // mutex_ held

  const bool wanted_;
  const Duration interval_;
  const Duration soon_;  // while in doubt or down
  const Duration timeout_;
  const std::int64_t failures_to_fall_;
  const std::int64_t successes_to_rise_;

  mutable std::mutex mutex_;
  bool asking_ = false;         // guarded by mutex_
  TimePoint last_{};            // the last sign, of life or not; guarded by mutex_
  bool spoken_ = false;         // there was one; guarded by mutex_
  std::int64_t failures_ = 0;   // in a row; guarded by mutex_
  std::int64_t successes_ = 0;  // in a row, while down; guarded by mutex_
};

}  // namespace sekisho::upstream
