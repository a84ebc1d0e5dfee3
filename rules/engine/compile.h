// From a RuleSet to Code. Pure; takes time linear in the set.
#pragma once

#include <memory>

#include "rules/engine/code.h"

namespace sekisho::rules::engine {

[[nodiscard]] std::unique_ptr<const Code> compile(std::shared_ptr<const RuleSet> set);

// The constant as a value to compare with; its text is lower-case and held by the code.
[[nodiscard]] Fact constant_fact(const Constant& constant, Code& code);

}  // namespace sekisho::rules::engine
