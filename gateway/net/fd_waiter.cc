#include "gateway/net/fd_waiter.h"

#include <utility>

namespace sekisho {
namespace {

constexpr std::uint8_t kCallsPerTurn = 16;
constexpr Duration kLongestTimer = std::chrono::hours(24 * 365);  // what a timeval surely holds

timeval to_timeval(Duration duration) {
  // Rounded up: a timer that fires before its deadline only fires again.
  const auto micros =
      std::chrono::ceil<std::chrono::microseconds>(std::min(duration, kLongestTimer)).count();
  return {.tv_sec = static_cast<time_t>(micros / 1'000'000),
          .tv_usec = static_cast<suseconds_t>(micros % 1'000'000)};
}

// Reading stays armed from one wait to the next, which saves two epoll_ctl() calls a command;
// writing is waited for rarely and its readiness would fire all the time.
short flags_for(short direction) {
  return direction == EV_READ ? static_cast<short>(EV_READ | EV_PERSIST) : direction;
}

}  // namespace

FdWaiter::FdWaiter(Loop& loop, CancelSource& cancel, int fd)
    : loop_(loop), cancel_(cancel), fd_(fd), calls_left_(kCallsPerTurn) {
  event_assign(&event_, loop_.base(), fd_, flags_for(direction_), &FdWaiter::on_event, this);
}

FdWaiter::~FdWaiter() { stop(); }

void FdWaiter::stop() { event_del(&event_); }

FdWaiter::Wait FdWaiter::turn(Deadline deadline) {
  if (calls_left_ > 0) --calls_left_;
  return {*this, EV_READ, deadline, true};
}

bool FdWaiter::arm(short direction, Duration timeout) {
  if (direction_ != direction) {
    event_del(&event_);
    event_assign(&event_, loop_.base(), fd_, flags_for(direction), &FdWaiter::on_event, this);
    direction_ = direction;
  }
  const timeval after = to_timeval(timeout);
  return event_add(&event_, timeout == Duration::max() ? nullptr : &after) == 0;
}

void FdWaiter::wake(Woken result) {
  event_remove_timer(&event_);
  calls_left_ = kCallsPerTurn;
  woken_ = result;
  // The coroutine may destroy this object: nothing may be touched after resume().
  std::exchange(awaiter_, nullptr).resume();
}

void FdWaiter::on_event(evutil_socket_t, short what, void* self) {
  auto& waiter = *static_cast<FdWaiter*>(self);
  if (!waiter.awaiter_) {
    // Input while the session is busy elsewhere: it stays in the socket, and the event would fire
    // for it again and again.
    event_del(&waiter.event_);
    return;
  }
  if (waiter.cancel_.cancelled()) return waiter.wake(Woken::cancelled);
  if (waiter.yielding_ || (what & (EV_READ | EV_WRITE)) != 0) return waiter.wake(Woken::ready);
  // libevent counts from the time at which its loop last woke, so it may be early.
  const TimePoint now = Clock::now();
  if (waiter.deadline_.passed(now)) return waiter.wake(Woken::timeout);
  if (!waiter.arm(waiter.direction_, waiter.deadline_.remaining(now))) waiter.wake(Woken::failed);
}

FdWaiter::Wait::Wait(FdWaiter& waiter, short direction, Deadline deadline, bool yield)
    : waiter_(waiter), deadline_(deadline), direction_(direction), yield_(yield) {
  if (yield && waiter.calls_left_ > 0) {
    early_ = Woken::ready;
  } else if (waiter.cancel_.cancelled()) {
    early_ = Woken::cancelled;
  } else if (!deadline.is_never() && deadline.passed(Clock::now())) {
    early_ = Woken::timeout;
  }
}

bool FdWaiter::Wait::await_suspend(std::coroutine_handle<> awaiter) {
  // A turn ends by a timer of no length: the loop polls the other descriptors before it fires.
  const Duration timeout = yield_ ? Duration::zero() : deadline_.remaining(Clock::now());
  if (!waiter_.arm(direction_, timeout)) {
    early_ = Woken::failed;
    return false;
  }
  waiter_.awaiter_ = awaiter;
  waiter_.deadline_ = deadline_;
  waiter_.yielding_ = yield_;
  // Only marks the event as fired; the loop resumes the coroutine, not the caller of cancel().
  registration_.emplace(waiter_.cancel_,
                        [waiter = &waiter_] { event_active(&waiter->event_, EV_TIMEOUT, 0); });
  return true;
}

}  // namespace sekisho
