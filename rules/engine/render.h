// Values and templates as text, fit to be read by people: bounded, valid UTF-8, without control
// characters. No encoder of a sink. What is masked is never shown whole.
#pragma once

#include <string>

#include "rules/engine/evaluate.h"

namespace sekisho::rules::engine {

inline constexpr std::size_t kMaxValueText = 256;
inline constexpr std::size_t kMaxTemplateText = 1000;

// Whether an administrator's own \n stays.
enum class Lines : std::uint8_t { one, several };

[[nodiscard]] std::string rendered(const Operand& operand, const Fact& fact);
[[nodiscard]] std::string rendered(const Template& text, Evaluation& evaluation,
                                   const RuleCode& rule, Lines lines);
// The values of an operand of a rule's action.
[[nodiscard]] bool action_values(const Operand& operand, Evaluation& evaluation,
                                 const RuleCode& rule, std::vector<Fact>& out);

}  // namespace sekisho::rules::engine
