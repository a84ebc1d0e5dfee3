// The part of a condition that decided, in words: what an administrator has to look at. Of a rule
// that was not true it is the part that was asked last; of one that was, the parts that were true.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine/trace.h"
#include "rules/syntax/source.h"

namespace sekisho::rules::testing {

struct Clause {
  const Condition* condition = nullptr;
  std::string text;  // as the rule file has it, in one line
  engine::Answer truth = engine::Answer::no;
  std::vector<std::string> values;  // of its left side
  std::string matched;
  std::optional<std::size_t> item;
};

// No clauses: the rule has no condition, or was not asked.
[[nodiscard]] std::vector<Clause> deciding(const engine::RuleTrace& trace, const Sources& sources);

// `auth.user in interns is true (it is "ivan")`
[[nodiscard]] std::string to_string(const Clause& clause);

// What is written there, blanks and line ends as one blank.
[[nodiscard]] std::string in_one_line(std::string_view source);

[[nodiscard]] std::string_view to_string(engine::RuleTrace::Outcome outcome);
[[nodiscard]] std::string_view to_string(engine::Answer truth);  // "true", "false", "unknown"

}  // namespace sekisho::rules::testing
