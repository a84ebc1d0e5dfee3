#include "gateway/upstream/breaker.h"

namespace sekisho::upstream {

bool Breaker::try_acquire(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (failures_ < limit_) return true;
  if (now < retry_at_) return false;
  retry_at_ = now + pause_;  // the caller is the probe; the next one only after another pause
  return true;
}

bool Breaker::succeeded() {
  const std::lock_guard lock(mutex_);
  const bool was_open = failures_ >= limit_;
  failures_ = 0;
  return was_open;
}

bool Breaker::failed(TimePoint now) {
  const std::lock_guard lock(mutex_);
  const bool was_open = failures_ >= limit_;
  if (!was_open) ++failures_;
  if (failures_ >= limit_) retry_at_ = now + pause_;
  return !was_open && failures_ >= limit_;
}

bool Breaker::open() const {
  const std::lock_guard lock(mutex_);
  return failures_ >= limit_;
}

}  // namespace sekisho::upstream
