// What an evaluation did, for explain, coverage and try. Filled only where a caller gives one.
// Values are cut, and numbers of cards and accounts are masked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules/engine/facts.h"

namespace sekisho::rules::engine {

// One part of a condition that was asked. Parts that a short circuit left out have none. The
// inside of a define or of a part that rules share is recorded where it was asked first.
struct ClauseTrace {
  const Condition* condition = nullptr;  // of the RuleSet
  Answer truth = Answer::no;
  std::vector<std::string> values;  // of its left side; empty: absent
  std::string matched;              // what a pattern found, where that is known
  std::optional<std::size_t> item;  // inside any … where: which item
  bool known = false;               // asked before in this evaluation
};

struct RuleTrace {
  enum class Outcome : std::uint8_t {
    not_true,
    acted,
    shadow,  // true, but on trial
    failed,
    off,      // not asked
    skipped,  // its group was left
  };
  std::size_t rule = 0;
  Outcome outcome = Outcome::not_true;
  std::vector<ClauseTrace> clauses;
  std::string why;  // of a failure
};

// The rules of a stage that were reached, in their order; the one that decided is Decision::rule.
struct Trace {
  std::vector<RuleTrace> rules;
};

}  // namespace sekisho::rules::engine
