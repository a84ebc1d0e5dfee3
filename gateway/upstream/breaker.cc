#include "gateway/upstream/breaker.h"

#include <utility>

namespace sekisho::upstream {

bool Breaker::try_acquire(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (failures_ < limit_) return true;
  if (now < retry_at_) return false;
  retry_at_ = now + pause_;  // the caller is the probe; the next one only after another pause
  return true;
}

void Breaker::connected() {
  const std::lock_guard lock(mutex_);
  if (failures_ >= limit_) failures_ = limit_ - 1;
}

bool Breaker::succeeded() {
  const std::lock_guard lock(mutex_);
  failures_ = 0;
  return std::exchange(down_, false);
}

bool Breaker::failed(TimePoint now, bool at_once) {
  const std::lock_guard lock(mutex_);
  if (failures_ < limit_) failures_ = at_once ? limit_ : failures_ + 1;
  if (failures_ < limit_) return false;
  retry_at_ = now + pause_;
  return !std::exchange(down_, true);
}

bool Breaker::open() const {
  const std::lock_guard lock(mutex_);
  return failures_ >= limit_;
}

}  // namespace sekisho::upstream
