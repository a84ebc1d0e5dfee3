// AgedMap: a bounded map that knows the age order of its entries. The least recently renewed entry
// goes when a new one needs its place, so strangers can fill it but never grow it. Not thread-safe:
// its owner holds the lock.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace sekisho {

template <class Key, class Value>
class AgedMap {
 public:
  explicit AgedMap(std::size_t max_entries) : max_entries_(max_entries) {}

  [[nodiscard]] std::size_t size() const { return places_.size(); }

  // Null when there is none. Looking doesn't make an entry younger.
  [[nodiscard]] Value* find(const Key& key) {
    const auto place = places_.find(key);
    return place == places_.end() ? nullptr : &place->second->second;
  }

  // The entry, made if need be, and the youngest from now on.
  Value& renew(const Key& key) {
    if (const auto place = places_.find(key); place != places_.end()) {
      entries_.splice(entries_.end(), entries_, place->second);
      return place->second->second;
    }
    if (places_.size() >= max_entries_ && !entries_.empty()) drop_oldest();
    entries_.emplace_back(key, Value{});
    places_.emplace(key, std::prev(entries_.end()));
    return entries_.back().second;
  }

  void erase(const Key& key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return;
    entries_.erase(place->second);
    places_.erase(place);
  }

  // Drops entries from the oldest on, as long as `is_old` says so.
  template <class Predicate>
  void drop_while(Predicate is_old) {
    while (!entries_.empty() && is_old(std::as_const(entries_.front().second))) drop_oldest();
  }

 private:
  using Entries = std::list<std::pair<Key, Value>>;

  void drop_oldest() {
    places_.erase(entries_.front().first);
    entries_.pop_front();
  }

  std::size_t max_entries_;
  Entries entries_;  // oldest first
  std::unordered_map<Key, typename Entries::iterator> places_;
};

}  // namespace sekisho
