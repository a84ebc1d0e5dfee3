// Time points and durations of the program. Everything that depends on time takes `now` as an
// argument or a Deadline, so tests turn the clock by hand; only loops and main() read a real clock.
#pragma once

#include <chrono>
#include <string>

namespace sekisho {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using WallTime = std::chrono::system_clock::time_point;
using namespace std::chrono_literals;

// A point in time after which waiting ends with ErrorKind::timeout.
class Deadline {
 public:
  static Deadline never() { return Deadline(TimePoint::max()); }
  static Deadline at(TimePoint when) { return Deadline(when); }
  static Deadline in(Duration from_now) { return Deadline(Clock::now() + from_now); }

  [[nodiscard]] bool is_never() const { return when_ == TimePoint::max(); }
  [[nodiscard]] bool passed(TimePoint now) const { return now >= when_; }
  [[nodiscard]] TimePoint when() const { return when_; }
  // Never negative. Duration::max() for never().
  [[nodiscard]] Duration remaining(TimePoint now) const {
    if (is_never()) return Duration::max();
    return when_ > now ? when_ - now : Duration::zero();
  }
  [[nodiscard]] Deadline or_sooner(Deadline other) const {
    return when_ < other.when_ ? *this : other;
  }

 private:
  explicit Deadline(TimePoint when) : when_(when) {}
  TimePoint when_;
};

// "2026-11-24T06:41:16.123Z", for the log.
std::string iso8601_utc(WallTime when);
// "Tue, 24 Nov 2026 06:41:16 +0000" (RFC 5322 section 3.3), for Received and Date.
std::string rfc5322_date(WallTime when);

}  // namespace sekisho
