// LinkedList: a list whose links lie in its elements, so that waiting allocates nothing. An element
// derives from ListLink, stays where it is while listed and leaves the list when it is destroyed.
// One thread.
#pragma once

#include <utility>

namespace sekisho {

class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }

  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  template <class T>
  friend class LinkedList;
  ListLink* previous_ = this;
  ListLink* next_ = this;
};

template <class T>
class LinkedList {
 public:
  [[nodiscard]] bool empty() const { return end_.next_ == &end_; }
  void append(T& element) {
    ListLink& link = element;
    link.previous_ = std::exchange(end_.previous_, &link);
    link.previous_->next_ = &link;
    link.next_ = &end_;
  }
  // Takes the oldest element out; the list must not be empty.
  T& take_first() {
    ListLink& link = *end_.next_;
    link.unlink();
    return static_cast<T&>(link);
  }

 private:
  ListLink end_;
};

}  // namespace sekisho
