// What can be said about a rule set that is right by itself: conditions that are never true, rules
// that are never asked. Sound, not complete: what it reports is so, and it gives up on conditions
// whose cases are too many. Pure, bounded.
#pragma once

#include "rules/check/rule_set.h"
#include "rules/syntax/diagnostic.h"

namespace sekisho::rules {

void analyse(const RuleSet& set, const Sources& sources, Diagnostics& diagnostics);

}  // namespace sekisho::rules
