// Within: whether a text contains one of many words somewhere, for `text contains LIST`. Sorted
// words of which none begins with another: then only the one in front of a place in the alphabet
// can stand there. Cost: one look at a bit map for each byte of the text, and a binary search where
// a word might begin. Exact. Filled, finished, then any thread.
#pragma once

#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules::lists {

class Within {
 public:
  void add(std::string_view word);  // without case, not empty
  void finish();
  [[nodiscard]] bool any_in(std::string_view text) const;
  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  std::string arena_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places_;  // until finish()
  std::vector<std::string_view> words_;                          // into arena_
  std::bitset<65536> begins_;                                    // by the first two bytes
};

}  // namespace sekisho::rules::lists
