#include "rules/testing/coverage.h"

#include <algorithm>

#include <fmt/format.h>

#include "rules/testing/clause.h"

namespace sekisho::rules::testing {
namespace {

using Kind = Coverage::Gap::Kind;
using Outcome = engine::RuleTrace::Outcome;

bool is_part(const Condition& condition) {
  return condition.kind == Condition::Kind::compare ||
         condition.kind == Condition::Kind::patterns || condition.kind == Condition::Kind::each;
}

}  // namespace

Coverage::Coverage(const RuleSet& set) : set_(set), rules_(set.rules.size()) {}

void Coverage::add(const StageRun& run) {
  for (const auto& rule : run.trace.rules) {
    auto& seen = rules_[rule.rule];
    const bool asked = rule.outcome != Outcome::off && rule.outcome != Outcome::skipped;
    seen.asked = seen.asked || asked;
    seen.acted = seen.acted || rule.outcome == Outcome::acted;
    for (const auto& clause : rule.clauses) {
      if (!is_part(*clause.condition)) continue;
      auto& part = parts_[to_string(*clause.condition)];
      part.yes = part.yes || clause.truth == engine::Answer::yes;
      part.no = part.no || clause.truth == engine::Answer::no;
    }
  }
}

void Coverage::gaps_in(const Condition& condition, std::size_t rule, std::vector<Gap>& out) const {
  if (is_part(condition)) {
    const auto found = parts_.find(to_string(condition));
    const auto seen = found == parts_.end() ? Seen{} : found->second;
    if (!seen.yes && !seen.no) {
      out.push_back({.kind = Kind::part_never_asked, .rule = rule, .span = condition.span});
      return;  // then nothing within it was
    }
    if (!seen.yes || !seen.no) {
      const auto kind = seen.yes ? Kind::part_never_false : Kind::part_never_true;
      out.push_back({.kind = kind, .rule = rule, .span = condition.span});
    }
  }
  for (const auto& child : condition.children) gaps_in(*child, rule, out);
}

std::vector<Coverage::Gap> Coverage::gaps() const {
  std::vector<Gap> out;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto& rule = set_.rules[i];
    if (rule.off) continue;
    if (!rules_[i].asked) {
      out.push_back({.kind = Kind::never_asked, .rule = i, .span = rule.span});
      continue;
    }
    if (!rules_[i].acted) {
      out.push_back({.kind = Kind::never_true, .rule = i, .span = rule.span});
    }
    if (rule.when) gaps_in(*rule.when, i, out);
  }
  // What rules share is said once.
  std::vector<Gap> once;
  for (const auto& gap : out) {
    const auto same = [&](const Gap& had) { return had.kind == gap.kind && had.span == gap.span; };
    if (std::ranges::none_of(once, same)) once.push_back(gap);
  }
  return once;
}

std::size_t Coverage::rules() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(set_.rules, [](const Rule& rule) { return !rule.off; }));
}

std::size_t Coverage::covered() const {
  return static_cast<std::size_t>(std::ranges::count_if(rules_, &RuleSeen::acted));
}

std::string_view word_for(Kind kind) {
  switch (kind) {
    case Kind::never_asked:
      return "never-asked";
    case Kind::never_true:
      return "never-true";
    case Kind::part_never_true:
      return "part-never-true";
    case Kind::part_never_false:
      return "part-never-false";
    case Kind::part_never_asked:
      return "part-never-asked";
  }
  return "";
}

std::string render(const Coverage::Gap& gap, const RuleSet& set, const Sources& sources) {
  const auto at = sources.position(gap.span);
  const auto& name = set.rules[gap.rule].name;
  std::string what;
  switch (gap.kind) {
    case Kind::never_asked:
      what = fmt::format("no test reaches the rule {}", name);
      break;
    case Kind::never_true:
      what = fmt::format("no test has the rule {} act", name);
      break;
    default:
      what = fmt::format("{}: in no test this {}: {}", name,
                         gap.kind == Kind::part_never_true    ? "is true"
                         : gap.kind == Kind::part_never_false ? "is false"
                                                              : "is asked",
                         in_one_line(sources.text(gap.span)));
  }
  return fmt::format("{}:{}:{}: {}", sources[gap.span.source].path(), at.line, at.column, what);
}

}  // namespace sekisho::rules::testing
