// Rule files read and checked for a command, with the files of their lists. Blocks.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/check/check.h"
#include "rules/lists/lists.h"

namespace sekisho::cli {

struct CheckedRules {
  rules::Sources sources;
  rules::Diagnostics diagnostics;
  rules::RuleSet set;
};

// Everything that can be said of them.
void check_rule_files(const std::vector<std::filesystem::path>& files, CheckedRules& into);
// To standard error, with the lines and carets.
void complain(const CheckedRules& checked);

[[nodiscard]] std::chrono::sys_days today();

struct RuleFiles {
  CheckedRules checked;
  std::shared_ptr<const rules::lists::Lists> lists;
};
// Null: there were errors, and all were told. Warnings are for `rules check`.
[[nodiscard]] std::unique_ptr<RuleFiles> load_rule_files(
    const std::vector<std::filesystem::path>& files);

}  // namespace sekisho::cli
