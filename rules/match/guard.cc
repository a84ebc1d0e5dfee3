#include "rules/match/guard.h"

#include <utility>

namespace sekisho::rules::match {

const std::shared_ptr<Guard>& Guard::of_process() {
  static const auto guard = std::make_shared<Guard>();
  return guard;
}

void Guard::on_alarm(Listener listener) {
  const std::scoped_lock lock(mutex_);
  listener_ = std::move(listener);
}

bool Guard::trusts(AcceleratorKind kind) const {
  return !off_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
}

void Guard::differs(const Alarm& alarm) {
  off_[static_cast<std::size_t>(alarm.accelerator)] = true;
  ++differences_;
  const std::scoped_lock lock(mutex_);
  if (listener_) listener_(alarm);
}

}  // namespace sekisho::rules::match
