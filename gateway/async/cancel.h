// CancelSource: how a session is told to stop. cancel() wakes whatever the session waits for; that
// wait returns ErrorKind::cancelled, and so does every later one. One thread.
#pragma once

#include <functional>

#include "gateway/async/linked_list.h"

namespace sekisho {

class CancelSource {
 public:
  CancelSource() = default;
  CancelSource(const CancelSource&) = delete;
  CancelSource& operator=(const CancelSource&) = delete;

  [[nodiscard]] bool cancelled() const { return cancelled_; }
  void cancel();  // idempotent

  // Registers a wake-up, called once at most, for as long as the Registration lives. A wake-up only
  // arms a timer or an event: it never resumes a coroutine on the stack of cancel(). Whoever waits
  // asks cancelled() first: registering after cancel() wakes nobody.
  class Registration : private ListLink {
   public:
    Registration(CancelSource& source, std::function<void()> wake);
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    friend class CancelSource;
    friend class LinkedList<Registration>;
    std::function<void()> wake_;
  };

 private:
  LinkedList<Registration> waiting_;
  bool cancelled_ = false;
};

}  // namespace sekisho
