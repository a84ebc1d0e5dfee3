// `sekisho rules check|fmt|list`: rule files before they are anybody's configuration.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/base/encode.h"
#include "gateway/base/file_io.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "rules/check/check.h"
#include "rules/check/list_file.h"
#include "rules/check/reference.h"
#include "rules/format/format.h"

namespace sekisho::cli {
namespace {

struct Checked {
  rules::Sources sources;
  rules::Diagnostics diagnostics;
  rules::RuleSet set;
};

// What stands in the files of lists and maps; that they exist is the checker's business.
void check_items(rules::Files& files, Checked& into) {
  const auto source_of = [&](const std::string& path) -> std::optional<std::uint32_t> {
    if (path.empty()) return std::nullopt;
    auto text = files.read(path, rules::kMaxListFile);
    if (!text) return std::nullopt;
    return into.sources.add(path, std::move(*text));
  };
  for (const auto& list : into.set.lists) {
    if (const auto source = source_of(list.file)) {
      (void)rules::read_list_file(list.type, into.sources, *source, into.diagnostics);
    }
  }
  for (const auto& map : into.set.maps) {
    if (const auto source = source_of(map.file)) {
      (void)rules::read_map_file(map.key, map.value, into.sources, *source, into.diagnostics);
    }
  }
}

void check(const RulesWish& wish, Checked& into) {
  rules::DiskFiles files;
  const auto loaded = rules::load(wish.files, files, into.sources, into.diagnostics);
  const rules::CheckContext context{
      .today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()),
      .files = &files,
      .listeners = {},
      .upstreams = {}};
  into.set = rules::check(loaded, into.sources, context, into.diagnostics);
  check_items(files, into);
}

void print_json(const Checked& checked) {
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
  const nlohmann::json json{{"errors", checked.diagnostics.errors()},
                            {"warnings", checked.diagnostics.warnings()},
                            {"rules", checked.set.rules.size()},
                            {"diagnostics", std::move(all)}};
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void complain(const Checked& checked) {
  for (const auto& one : checked.diagnostics.sorted()) {
    fmt::print(stderr, "{}", rules::render(one, checked.sources));
  }
}

std::string count(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string state_of(const rules::Rule& rule) {
  if (rule.off) return "off";
  if (!rule.shadow_until) return "on";
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  if (*rule.shadow_until <= today && rule.then_enforce) return "on";
  return "shadow";
}

}  // namespace

int check_rules(const RulesWish& wish) {
  Checked checked;
  check(wish, checked);
  const int code = checked.diagnostics.has_errors() ? kErrors : kDone;
  if (wish.json) {
    print_json(checked);
    return code;
  }
  complain(checked);
  fmt::print(stderr, "{}, {}: {}, {}\n", count(checked.set.rules.size(), "rule"),
             count(checked.set.tests.size(), "test"), count(checked.diagnostics.errors(), "error"),
             count(checked.diagnostics.warnings(), "warning"));
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
  Checked checked;
  check(wish, checked);
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
