// Which values a rule set asks for: some of them cost a look-up, or are found out by other filters.
// Pure; linear in the set.
#pragma once

#include <set>
#include <string_view>

#include "rules/check/rule_set.h"

namespace sekisho::filters::rule {

// Of all rules but those that are off, and of the limits: the names of values.h.
[[nodiscard]] std::set<std::string_view> asked_values(const ::sekisho::rules::RuleSet& set);

}  // namespace sekisho::filters::rule
