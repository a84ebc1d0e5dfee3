// A rule set made ready to be asked outside of the gateway: by tests, by `sekisho test`, by `try`.
// The same program, plan and lists as live. Immutable; any thread, each with its own Matchers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "rules/check/rule_set.h"
#include "rules/content/matchers.h"
#include "rules/content/plan.h"
#include "rules/engine/program.h"
#include "rules/lists/lists.h"

namespace sekisho::rules::testing {

struct Ready {
  std::shared_ptr<const RuleSet> set;
  std::shared_ptr<const engine::Program> program;
  std::shared_ptr<const content::Plan> plan;
  std::shared_ptr<const lists::Lists> lists;

  [[nodiscard]] static Ready make(std::shared_ptr<const RuleSet> set,
                                  std::shared_ptr<const lists::Lists> lists);
  // ErrorKind::invalid: a pattern that PCRE2 does not take.
  [[nodiscard]] Result<content::Matchers> matchers() const;
  // The list of domains with that name.
  [[nodiscard]] std::optional<std::size_t> domains_named(std::string_view name) const;
};

// The set as its trials leave it: rules on trial act as they would once they are in force. Rules
// that are off stay off.
[[nodiscard]] RuleSet with_trials_over(const RuleSet& set);

}  // namespace sekisho::rules::testing
