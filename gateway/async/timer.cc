#include "gateway/async/timer.h"

#include <algorithm>
#include <new>
#include <utility>

#include <event2/event.h>

#include "gateway/async/loop.h"

namespace sekisho {

Timer::Timer(Loop& loop, std::function<void()> callback)
    : event_(event_new(loop.base(), -1, 0, &Timer::on_event, this)),
      callback_(std::move(callback)) {
  if (event_ == nullptr) throw std::bad_alloc();
}

Timer::~Timer() { event_free(event_); }

void Timer::start(Duration after) {
  constexpr Duration kLongest = std::chrono::years(100);  // so that the sum can't overflow
  start_at(Deadline::in(std::min(after, kLongest)));
}

void Timer::start_at(Deadline deadline) {
  when_ = deadline.when();
  if (deadline.is_never()) return stop();
  arm(deadline.remaining(Clock::now()));
}

void Timer::fire() {
  when_ = TimePoint::min();
  event_active(event_, EV_TIMEOUT, 0);
}

void Timer::stop() { event_del(event_); }

void Timer::arm(Duration after) {
  using std::chrono::microseconds;
  const auto micros = std::chrono::ceil<microseconds>(after).count();
  const timeval wait{.tv_sec = static_cast<time_t>(micros / 1'000'000),
                     .tv_usec = static_cast<suseconds_t>(micros % 1'000'000)};
  event_add(event_, &wait);
}

void Timer::on_event(int, short, void* self) noexcept {
  auto& timer = *static_cast<Timer*>(self);
  // libevent counts from a coarse time that it read when this turn of the loop began, so it may be
  // some milliseconds early.
  const TimePoint now = Clock::now();
  if (now < timer.when_) return timer.arm(timer.when_ - now);
  timer.callback_();
}

}  // namespace sekisho
