// The checker: syntax trees to a RuleSet, or all mistakes at once. Pure but for the question
// whether a file that is named exists, which goes through `Files`; the day is the caller's.
// Bounded: every pattern is tried on a bounded number of texts with a match limit.
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "rules/check/rule_set.h"
#include "rules/syntax/diagnostic.h"
#include "rules/syntax/load.h"

namespace sekisho::rules {

struct ListenerFacts {
  std::string name;
  bool content_filters = true;
};

struct CheckContext {
  std::chrono::sys_days today;
  Files* files = nullptr;                // null: nobody looks whether files exist
  std::vector<ListenerFacts> listeners;  // empty: not known, not checked
  std::vector<std::string> upstreams;    // the same
};

// What it returns may be used only if `diagnostics` has no errors.
[[nodiscard]] RuleSet check(const Loaded& loaded, const Sources& sources,
                            const CheckContext& context, Diagnostics& diagnostics);

}  // namespace sekisho::rules
