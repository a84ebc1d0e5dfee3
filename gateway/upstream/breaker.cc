#include "gateway/upstream/breaker.h"

#include <algorithm>
#include <utility>

namespace sekisho::upstream {

bool Breaker::try_acquire(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (failures_ < limit_) return true;
  if (now < retry_at_) return false;
  retry_at_ = now + pause_;  // the caller is the probe; the next one only after another pause
  return true;
}

bool Breaker::skips(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return failures_ >= limit_ && now < retry_at_;
}

void Breaker::connected() {
  const std::lock_guard lock(mutex_);
  if (failures_ >= limit_) failures_ = limit_ - 1;
}

bool Breaker::succeeded() {
  const std::lock_guard lock(mutex_);
  failures_ = 0;
  work_failed_ = false;
  return std::exchange(down_, false);
}

bool Breaker::failed(TimePoint now, Failure what) {
  const std::lock_guard lock(mutex_);
  if (what == Failure::work) work_failed_ = true;
  if (failures_ < limit_) failures_ = what == Failure::final ? limit_ : failures_ + 1;
  if (failures_ < limit_) return false;
  retry_at_ = std::max(retry_at_, now + pause_);
  return !std::exchange(down_, true);
}

bool Breaker::answers() {
  const std::lock_guard lock(mutex_);
  if (work_failed_) {
    if (failures_ >= limit_) failures_ = limit_ - 1;
    return false;
  }
  failures_ = 0;
  return std::exchange(down_, false);
}

void Breaker::hold(TimePoint until) {
  const std::lock_guard lock(mutex_);
  if (failures_ >= limit_) retry_at_ = std::max(retry_at_, until);
}

bool Breaker::open() const {
  const std::lock_guard lock(mutex_);
  return failures_ >= limit_;
}

}  // namespace sekisho::upstream
