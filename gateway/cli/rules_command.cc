// `sekisho rules check|fmt|list`: rule files before they are anybody's configuration.
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/base/encode.h"
#include "gateway/base/file_io.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/cli/print_json.h"
#include "gateway/cli/rule_files.h"
#include "rules/check/reference.h"
#include "rules/format/format.h"

namespace sekisho::cli {
namespace {

void print_diagnostics(const CheckedRules& checked) {
  auto all = nlohmann::json::array();
  for (const auto& one : checked.diagnostics.sorted()) {
    const auto at = checked.sources.position(one.span);
    all.push_back({{"file", encode_for_log(checked.sources[one.span.source].path(), 4096)},
                   {"line", at.line},
                   {"column", at.column},
                   {"severity", one.severity == rules::Severity::error ? "error" : "warning"},
                   {"message", one.message},
                   {"hint", one.hint}});
  }
  print_json({{"errors", checked.diagnostics.errors()},
              {"warnings", checked.diagnostics.warnings()},
              {"rules", checked.set.rules.size()},
              {"diagnostics", std::move(all)}});
}

std::string state_of(const rules::Rule& rule) {
  if (rule.off) return "off";
  if (!rule.shadow_until) return "on";
  if (*rule.shadow_until <= today() && rule.then_enforce) return "on";
  return "shadow";
}

}  // namespace

int check_rules(const RulesWish& wish) {
  CheckedRules checked;
  check_rule_files(wish.files, checked);
  const int code = checked.diagnostics.has_errors() ? kErrors : kDone;
  if (wish.json) {
    print_diagnostics(checked);
    return code;
  }
  complain(checked);
  fmt::print(stderr, "{}, {}: {}, {}\n", counted(checked.set.rules.size(), "rule"),
             counted(checked.set.tests.size(), "test"),
             counted(checked.diagnostics.errors(), "error"),
             counted(checked.diagnostics.warnings(), "warning"));
  return code;
}

int format_rules(const RulesWish& wish) {
  int code = kDone;
  for (const auto& path : wish.files) {
    rules::Sources sources;
    rules::Diagnostics diagnostics;
    auto text = read_whole_file(path, rules::kMaxRuleFile);
    if (!text) {
      fmt::print(stderr, "sekisho rules fmt: {}\n", encode_for_log(text.error().text));
      code = kErrors;
      continue;
    }
    const auto source = sources.add(path.string(), *text);
    const auto parsed = rules::parse(sources, source, diagnostics);
    if (diagnostics.has_errors()) {
      for (const auto& one : diagnostics.sorted()) {
        fmt::print(stderr, "{}", rules::render(one, sources));
      }
      code = kErrors;
      continue;
    }
    const auto formatted = rules::format(parsed, sources);
    if (formatted == *text) continue;
    if (wish.only_check) {
      fmt::print("{} is not formatted\n", encode_for_log(path.string(), 4096));
      code = kErrors;
    } else if (const auto done = replace_file(path, formatted); !done) {
      fmt::print(stderr, "sekisho rules fmt: {}\n", encode_for_log(done.error().text));
      code = kErrors;
    }
  }
  return code;
}

int list_rules(const RulesWish& wish) {
  if (wish.values) {
    fmt::print("{}", rules::values_reference());
    return kDone;
  }
  if (wish.files.empty()) {
    fmt::print(stderr, "sekisho rules list: name a rule file, or --values\n");
    return kUsage;
  }
  CheckedRules checked;
  check_rule_files(wish.files, checked);
  if (checked.diagnostics.has_errors()) {
    complain(checked);
    return kErrors;
  }
  for (const auto& rule : checked.set.rules) {
    fmt::print("{:8} {:7} {:28} {}\n", to_string(rule.stage), state_of(rule), rule.name,
               encode_for_log(rule.sentence));
  }
  return kDone;
}

}  // namespace sekisho::cli
