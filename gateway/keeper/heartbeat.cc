#include "gateway/keeper/heartbeat.h"

#include <utility>

namespace sekisho {

Heartbeat::Heartbeat(Loop& loop, Duration interval, std::vector<Ask> loops,
                     std::function<void()> alive, std::function<void(std::size_t)> late)
    : loop_(loop),
      interval_(interval),
      loops_(std::move(loops)),
      alive_(std::move(alive)),
      late_(std::move(late)) {}

void Heartbeat::start() { ask(); }

void Heartbeat::stop() { due_.stop(); }

void Heartbeat::ask() {
  due_.start(interval_);
  if (missing_ > 0) {  // no new question before the last one is answered
    if (!std::exchange(told_late_, true)) late_(missing_);
    return;
  }
  told_late_ = false;
  missing_ = loops_.size();
  for (const Ask& one : loops_) one([this] { loop_.post([this] { answered(); }); });
}

void Heartbeat::answered() {
  if (--missing_ == 0) alive_();
}

}  // namespace sekisho
