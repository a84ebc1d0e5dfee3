// FdWaiter: lets one coroutine wait for one descriptor to become readable or writable, with a
// deadline and a CancelSource, by one libevent event that lives in the object. Also bounds how long
// one coroutine may keep the loop busy (turn()). Owned by a SocketStream; its loop's thread only.
#pragma once

#include <coroutine>
#include <optional>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "gateway/async/loop.h"

namespace sekisho {

class FdWaiter {
 public:
  enum class Woken : std::uint8_t {
    ready,
    timeout,
    cancelled,
    failed,  // the system would not watch the descriptor
  };

  FdWaiter(Loop& loop, CancelSource& cancel, int fd);
  ~FdWaiter();
  FdWaiter(const FdWaiter&) = delete;
  FdWaiter& operator=(const FdWaiter&) = delete;

  class [[nodiscard]] Wait {
   public:
    Wait(FdWaiter& waiter, short direction, Deadline deadline, bool yield);
    [[nodiscard]] bool await_ready() const noexcept { return early_.has_value(); }
    bool await_suspend(std::coroutine_handle<> awaiter);
    Woken await_resume() const noexcept { return early_ ? *early_ : waiter_.woken_; }

   private:
    FdWaiter& waiter_;
    Deadline deadline_;
    std::optional<Woken> early_;
    std::optional<CancelSource::Registration> registration_;
    short direction_;
    bool yield_;
  };

  Wait readable(Deadline deadline) { return {*this, EV_READ, deadline, false}; }
  Wait writable(Deadline deadline) { return {*this, EV_WRITE, deadline, false}; }
  Wait writable_or_readable(Deadline deadline) {
    return {*this, EV_WRITE | EV_READ, deadline, false};
  }
  // To be awaited before each system call. A peer that never lets us wait (it sends as fast as we
  // read) must not keep the other sessions of the loop waiting: every 16th call in a row without a
  // wait lets them run first.
  Wait turn(Deadline deadline);
  // Stops watching; before the descriptor is closed.
  void stop();

 private:
  static void on_event(evutil_socket_t, short what, void* self);
  [[nodiscard]] bool arm(short direction, Duration timeout);
  void wake(Woken result);

  Loop& loop_;
  CancelSource& cancel_;
  event event_;
  int fd_;
  short direction_ = EV_READ;
  bool yielding_ = false;
  Woken woken_ = Woken::ready;
  std::uint8_t calls_left_;
  Deadline deadline_ = Deadline::never();
  std::coroutine_handle<> awaiter_;
};

}  // namespace sekisho
