// Candidates: a set of pattern numbers that is emptied in no time, for one text after the other.
// One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sekisho::rules::match {

class Candidates {
 public:
  // Empty, for numbers below `size`.
  void begin(std::size_t size) {
    if (++round_ == 0) {  // came round
      std::ranges::fill(marks_, 0U);
      round_ = 1;
    }
    if (marks_.size() < size) marks_.resize(size, 0);
    all_.clear();
  }
  // False where it was there already.
  bool add(std::uint32_t number) {
    if (marks_[number] == round_) return false;
    marks_[number] = round_;
    all_.push_back(number);
    return true;
  }
  [[nodiscard]] bool has(std::uint32_t number) const { return marks_[number] == round_; }
  [[nodiscard]] std::span<const std::uint32_t> all() const { return all_; }

 private:
  std::vector<std::uint32_t> marks_;
  std::uint32_t round_ = 0;
  std::vector<std::uint32_t> all_;
};

}  // namespace sekisho::rules::match
