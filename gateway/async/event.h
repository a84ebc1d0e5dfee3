// Event: wakes coroutines of one loop that wait for something to change. notify() wakes everyone
// who waits; when nobody does, it is kept and the next wait() returns at once. So a wake-up says
// "look again", not "it is so": wait in a loop over the condition. Owned by what changes; it may
// die once its waiters are notified, never before. One thread.
#pragma once

#include "gateway/async/cancel.h"
#include "gateway/async/linked_list.h"
#include "gateway/async/loop.h"
#include "gateway/async/task.h"
#include "gateway/base/error.h"
#include "gateway/base/time.h"

namespace sekisho {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // ok after notify(), else ErrorKind::timeout or ErrorKind::cancelled. A deadline that has passed
  // still gives the loop one turn.
  Task<Result<void>> wait(Loop& loop, Deadline deadline, CancelSource& cancel);
  void notify();

 private:
  struct Waiter;
  LinkedList<Waiter> waiting_;
  bool kept_ = false;
};

}  // namespace sekisho
