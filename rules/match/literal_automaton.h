// Many literals looked for in one pass, in any ASCII case: the automaton of Aho and Corasick (1975)
// with all its steps written out. A text costs its length, whatever it holds: of a literal only its
// first place is told. Immutable; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/match/candidates.h"

namespace sekisho::rules::match {

class LiteralAutomaton {
 public:
  struct Entry {
    std::string literal;  // in lower case, not empty
    std::uint32_t number = 0;
  };

  LiteralAutomaton() = default;
  explicit LiteralAutomaton(std::span<const Entry> entries);

  // Adds the numbers of all literals that stand in `text`. `places` is memory of this search.
  void search(std::string_view text, Candidates& places, Candidates& found) const;
  [[nodiscard]] std::size_t bytes() const { return table_.size() * sizeof(std::uint32_t); }

 private:
  // A row of the table for each state: where each class of bytes leads, and last the place of its
  // output. A step leads to the beginning of a row, with kEnds set if literals end there.
  static constexpr std::uint32_t kEnds = 1U << 31;
  static constexpr std::uint32_t kNone = 0;

  struct Output {
    std::uint32_t begin = 0;  // in numbers_
    std::uint32_t end = 0;
    std::uint32_t shorter = kNone;  // the output of a shorter literal that ends here too
  };

  [[nodiscard]] std::vector<std::vector<std::uint32_t>> make_states(std::span<const Entry> entries);
  void link_states(const std::vector<std::vector<std::uint32_t>>& ends);

  std::array<std::uint8_t, 256> classes_{};
  std::uint32_t stride_ = 0;
  std::vector<std::uint32_t> table_;
  std::vector<Output> outputs_;  // the first one is none
  std::vector<std::uint32_t> numbers_;
};

}  // namespace sekisho::rules::match
