#include "gateway/upstream/check_state.h"

#include <algorithm>

namespace sekisho::upstream {
namespace {

// Between good answers of one that was down: mail waits for it.
constexpr Duration kBetweenGoodAnswers = 1s;

// How late a busy loop may be.
constexpr Duration kSlack = 1s;

}  // namespace

CheckState::CheckState(const UpstreamSettings& settings)
    : wanted_(settings.health_check > std::chrono::milliseconds::zero()),
      interval_(settings.health_check),
      soon_(std::min(settings.health_check, settings.breaker_pause)),
      timeout_(settings.health_timeout),
      failures_to_fall_(settings.health_failures),
      successes_to_rise_(settings.health_successes) {}

Duration CheckState::pause(bool down) const {
  if (down && successes_ > 0) return std::min(soon_, kBetweenGoodAnswers);
  return down || failures_ > 0 ? soon_ : interval_;
}

Deadline CheckState::due(bool down) const {
  const std::lock_guard lock(mutex_);
  if (!wanted_ || asking_) return Deadline::never();
  return Deadline::at(spoken_ ? last_ + pause(down) : TimePoint::min());
}

bool CheckState::claim(TimePoint now, bool down) {
  const std::lock_guard lock(mutex_);
  if (!wanted_ || asking_ || (spoken_ && now < last_ + pause(down))) return false;
  asking_ = true;
  return true;
}

void CheckState::abandoned(TimePoint now) {
  const std::lock_guard lock(mutex_);
  asking_ = false;
  spoken_ = true;
  last_ = now;
}

Duration CheckState::horizon() const { return soon_ + timeout_ + kSlack; }

CheckState::News CheckState::passed(TimePoint now, bool down) {
  const std::lock_guard lock(mutex_);
  asking_ = false;
  spoken_ = true;
  last_ = now;
  failures_ = 0;
  successes_ = down ? successes_ + 1 : 0;
  if (!down || successes_ < successes_to_rise_) return News::none;
  successes_ = 0;
  return News::up;
}

CheckState::News CheckState::failed(TimePoint now) {
  const std::lock_guard lock(mutex_);
  asking_ = false;
  spoken_ = true;
  last_ = now;
  successes_ = 0;
  if (failures_ < failures_to_fall_) ++failures_;
  return failures_ >= failures_to_fall_ ? News::down : News::none;
}

bool CheckState::failing() const {
  const std::lock_guard lock(mutex_);
  return failures_ >= failures_to_fall_;
}

void CheckState::worked(TimePoint now) {
  const std::lock_guard lock(mutex_);
  spoken_ = true;
  last_ = now;
  failures_ = 0;
  successes_ = 0;
}

}  // namespace sekisho::upstream
