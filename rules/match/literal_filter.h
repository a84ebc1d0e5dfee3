// The accelerator that is always there: of each pattern the literals that its matches must hold,
// all of them; patterns without any are always named. Immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rules/match/accelerator.h"
#include "rules/match/literal_automaton.h"
#include "rules/match/matcher.h"

namespace sekisho::rules::match {

class LiteralFilter : public Accelerator {
 public:
  // Of the patterns with these numbers.
  LiteralFilter(std::span<const Regex* const> regexes, std::span<const std::uint32_t> numbers);

  [[nodiscard]] AcceleratorKind kind() const override { return AcceleratorKind::literals; }
  [[nodiscard]] bool propose(std::string_view text, Scratch& scratch,
                             Candidates& candidates) const override;
  // Patterns of which no literal is known.
  [[nodiscard]] std::size_t always() const { return always_.size(); }

 private:
  // A set of literals of a pattern. Those of one pattern stand side by side.
  struct Set {
    std::uint32_t pattern = 0;
    std::uint32_t behind = 0;  // how many more the pattern has behind this one
    bool first = false;
  };

  LiteralAutomaton automaton_;
  std::vector<Set> sets_;
  std::vector<std::uint32_t> always_;
};

}  // namespace sekisho::rules::match
