#include "gateway/async/loop.h"

#include <new>
#include <stdexcept>

#include <event2/thread.h>

namespace sekisho {
namespace {

event_base* new_base() {
  static const bool threads_ready = evthread_use_pthreads() == 0;
  // Callbacks that make each other active (posted work that posts, events that answer each other)
  // must not keep sockets waiting: after so many the loop looks at its sockets and timers again.
  constexpr int kMaxCallbacksPerTurn = 256;
  const std::unique_ptr<event_config, decltype(&event_config_free)> config(event_config_new(),
                                                                           &event_config_free);
  if (!threads_ready || !config) throw std::bad_alloc();
  event_config_set_max_dispatch_interval(config.get(), nullptr, kMaxCallbacksPerTurn, 0);
  return event_base_new_with_config(config.get());
}

}  // namespace

Loop::Loop() : base_(new_base()), scratch_(std::make_unique_for_overwrite<Scratch>()) {
  if (!base_) throw std::bad_alloc();
  wake_.reset(event_new(base_.get(), -1, 0, &Loop::on_wake, this));
  if (!wake_) throw std::bad_alloc();
}

Loop::~Loop() {
  // Dropped first, while base_ is there: what the work holds may have timers of its own.
  std::vector<std::function<void()>> unrun;
  const std::lock_guard lock(mutex_);
  unrun.swap(posted_);
}

void Loop::run() {
  while (true) {
    if (event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
      throw std::runtime_error("the event loop failed");
    }
    const std::lock_guard lock(mutex_);
    if (stopping_ && posted_.empty()) {
      stopping_ = false;
      return;
    }
  }
}

// Both wake the loop with the mutex held: once it is free, the loop may have done the work, ended
// and died, and wake_ with it.
void Loop::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  event_active(wake_.get(), EV_TIMEOUT, 0);
}

void Loop::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
  if (posted_.size() == 1) event_active(wake_.get(), EV_TIMEOUT, 0);
}

void Loop::on_wake(int, short, void* self) noexcept { static_cast<Loop*>(self)->run_posted(); }

void Loop::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (auto& work : batch) work();
  batch.clear();
  const std::lock_guard lock(mutex_);
  if (stopping_ && posted_.empty()) event_base_loopbreak(base_.get());
}

Task<Result<void>> Loop::sleep_until(Deadline deadline, CancelSource& cancel) {
  Event never;
  auto woken = co_await never.wait(*this, deadline, cancel);
  if (!woken && woken.error().kind == ErrorKind::cancelled) co_return woken;
  co_return Result<void>{};
}

}  // namespace sekisho
