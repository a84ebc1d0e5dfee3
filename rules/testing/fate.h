// What two rule sets make of the same message, and why they differ. For `sekisho rules try`. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/testing/play.h"

namespace sekisho::rules::testing {

// In words, the same for the same fate: "reject 550 by no-programs", effects and refused recipients
// behind it. Texts of replies are left out: they hold what differs from mail to mail.
[[nodiscard]] std::string fate(const Played& played, const RuleSet& set);

struct Change {
  std::string rule;    // whose doing it is
  std::string before;  // fates
  std::string after;
  std::string clause;  // the first that differs: rule, part, value
};

// Both played with traces. nullopt: the fate is the same.
[[nodiscard]] std::optional<Change> change(const Played& before, const RuleSet& old_set,
                                           const Sources& old_sources, const Played& after,
                                           const RuleSet& new_set, const Sources& new_sources);

}  // namespace sekisho::rules::testing
