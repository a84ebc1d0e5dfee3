// Timer: a one-shot timer that calls back on its loop, never before its time. Owned by whoever
// waits; must die before its Loop. The callback may destroy the Timer, as its last act, and must
// not throw. One thread.
#pragma once

#include <functional>

#include "gateway/base/time.h"

struct event;

namespace sekisho {

class Loop;

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void start(Duration after);        // starting again moves it
  void start_at(Deadline deadline);  // never() stops it
  void fire();                       // calls back soon, from the loop, whatever was started
  void stop();

 private:
  static void on_event(int, short, void* self) noexcept;
  void arm(Duration after);

  event* event_;
  TimePoint when_;
  std::function<void()> callback_;
};

}  // namespace sekisho
