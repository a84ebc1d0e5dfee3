#include "gateway/async/event.h"

#include <coroutine>

#include "gateway/async/timer.h"

namespace sekisho {

// One wait. Every source wakes it through its timer, so the coroutine is resumed from the loop and
// from nowhere else: notify() and cancel() never run foreign code on their caller's stack.
struct Event::Waiter : ListLink {
  enum class Outcome : std::uint8_t { timeout, notified, cancelled };

  Waiter(Loop& loop, Deadline until, CancelSource& cancel)
      : timer(loop, [this] { awaiter.resume(); }),
        registration(cancel, [this] { wake(Outcome::cancelled); }),
        deadline(until) {}

  void wake(Outcome why) {
    if (outcome != Outcome::timeout) return;  // the first reason stands
    outcome = why;
    timer.fire();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    awaiter = handle;
    timer.start_at(deadline);
  }
  [[nodiscard]] Outcome await_resume() const noexcept { return outcome; }

  Timer timer;
  CancelSource::Registration registration;
  Deadline deadline;
  std::coroutine_handle<> awaiter;
  Outcome outcome = Outcome::timeout;
};

Task<Result<void>> Event::wait(Loop& loop, Deadline deadline, CancelSource& cancel) {
  using Outcome = Waiter::Outcome;
  if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
  if (std::exchange(kept_, false)) co_return Result<void>{};
  Waiter waiter(loop, deadline, cancel);
  waiting_.append(waiter);
  switch (co_await waiter) {
    case Outcome::notified:
      co_return Result<void>{};
    case Outcome::cancelled:
      co_return fail(ErrorKind::cancelled, "cancelled");
    case Outcome::timeout:
      break;
  }
  co_return fail(ErrorKind::timeout, "timed out");
}

void Event::notify() {
  kept_ = waiting_.empty();
  while (!waiting_.empty()) waiting_.take_first().wake(Waiter::Outcome::notified);
}

}  // namespace sekisho
