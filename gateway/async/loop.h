// Loop: one thread's event loop over libevent. Everything of a session happens on its loop's
// thread; post() and stop() alone may be called from others. Owned by the Server (or a test). It
// must outlive the timers, events and coroutines on it, and whatever thread may still post to it:
// work that is still posted when it dies is dropped unrun. A callback that throws ends the program.
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <event2/event.h>

#include "gateway/async/cancel.h"
#include "gateway/async/task.h"
#include "gateway/base/error.h"
#include "gateway/base/time.h"

namespace sekisho {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). Work posted before the stop is still run. A stop() that comes while it isn't
  // running ends the next run() as soon as the posted work is done.
  void run();
  void stop();                            // any thread
  void post(std::function<void()> work);  // any thread; runs on the loop, in order
  [[nodiscard]] event_base* base() { return base_.get(); }

  // A buffer that everybody on this thread shares for one read: what is in it is valid only until
  // the next co_await.
  [[nodiscard]] std::span<char> scratch() { return *scratch_; }

  // Completes at the deadline, or with ErrorKind::cancelled. The loop gets a turn in any case.
  Task<Result<void>> sleep_until(Deadline deadline, CancelSource& cancel);

  // Runs `task` on this loop until it is done; for tests and command-line tools.
  template <class T>
  T run_until_done(Task<T> task);

 private:
  using Scratch = std::array<char, 65536>;
  struct Free {
    void operator()(event_base* base) const { event_base_free(base); }
    void operator()(event* wake) const { event_free(wake); }
  };
  static void on_wake(int, short, void* self) noexcept;
  void run_posted();

  std::unique_ptr<event_base, Free> base_;
  std::unique_ptr<event, Free> wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
  bool stopping_ = false;                      // guarded by mutex_
  std::unique_ptr<Scratch> scratch_;
};

template <class T>
T Loop::run_until_done(Task<T> task) {
  std::exception_ptr exception;
  bool done = false;
  std::conditional_t<std::is_void_v<T>, bool, std::optional<T>> value{};
  // A coroutine without captures: what it needs are parameters, which live in its frame.
  auto driver = [](Loop& loop, Task<T> inner, auto& out, std::exception_ptr& failed,
                   bool& finished) -> Task<void> {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(inner);
        out = true;
      } else {
        out.emplace(co_await std::move(inner));
      }
    } catch (...) {
      failed = std::current_exception();
    }
    finished = true;
    loop.stop();
  };
  spawn(driver(*this, std::move(task), value, exception, done));
  // Once at least, to use up the driver's stop(); again after somebody else's, as the driver refers
  // to this frame until it is done.
  // NOLINTNEXTLINE(bugprone-infinite-loop): the driver sets it by its reference
  do run();
  while (!done);
  if (exception) std::rethrow_exception(exception);
  if constexpr (!std::is_void_v<T>) return std::move(*value);
}

}  // namespace sekisho

// Part of this header's interface since everyone who has a loop uses them.
#include "gateway/async/event.h"
#include "gateway/async/timer.h"
