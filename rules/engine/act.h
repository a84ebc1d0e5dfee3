// What a rule that is true does: its actions with their texts, worked out before any of them is
// carried out, so that a rule acts whole or fails whole.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine/decision.h"
#include "rules/engine/evaluate.h"

namespace sekisho::rules::engine {

struct Acts {
  std::vector<Effect> effects;
  std::map<const Action*, double> points;  // of add_score
  bool skip = false;
  End end = End::none;
  std::uint16_t code = 0;
  std::string enhanced;
  std::string text;
};

// The error says why the rule failed.
[[nodiscard]] std::expected<Acts, std::string> acts_of(const Rule& rule, const RuleCode& code,
                                                       Evaluation& evaluation);
// What a rule on trial would do, in a word.
[[nodiscard]] std::string_view would_of(const Rule& rule);

}  // namespace sekisho::rules::engine
