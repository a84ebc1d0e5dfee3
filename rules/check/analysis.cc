#include "rules/check/analysis.h"

#include <algorithm>

#include <fmt/format.h>

#include "rules/check/cases.h"

namespace sekisho::rules {
namespace {

using Kind = Condition::Kind;

class Analysis {
 public:
  Analysis(const RuleSet& set, const Sources& sources, Diagnostics& diagnostics)
      : set_(set), sources_(sources), diagnostics_(diagnostics) {}

  void run() {
    for (const auto& rule : set_.rules) {
      cases_.push_back(rule.when ? cases_of(*rule.when) : std::vector<Case>{Case{}});
      if (rule.when) inner(*rule.when);
    }
    for (std::size_t i = 0; i < set_.rules.size(); ++i) {
      if (never_true(i)) continue;
      reachable(i);
    }
  }

 private:
  [[nodiscard]] std::string_view quoted(const Condition& condition) const {
    return sources_.text(condition.span).substr(0, 80);
  }

  bool never_true(std::size_t index) {
    const auto& cases = cases_[index];
    if (!cases || !set_.rules[index].when) return false;
    return contradiction(*cases, set_.rules[index].name, set_.rules[index].when->span);
  }

  bool contradiction(const std::vector<Case>& cases, std::string_view rule, Span whole) {
    std::optional<std::pair<Fact, Fact>> first;
    for (const auto& one : cases) {
      const auto clash = contradiction_in(one);
      if (!clash) return false;
      if (!first) first = clash;
    }
    if (!first) return false;
    auto [a, b] = *first;
    if (b.condition->span.begin < a.condition->span.begin) std::swap(a, b);
    // What a define or a group brings in is reported where it is used.
    const Span place = b.condition->span;
    const bool here =
        place.source == whole.source && place.begin >= whole.begin && place.end <= whole.end;
    diagnostics_.warning(here ? place : whole,
                         fmt::format("this is never true: \"{}\" contradicts \"{}\"",
                                     quoted(*b.condition), quoted(*a.condition)),
                         rule.empty() ? "" : fmt::format("rule \"{}\" never does anything", rule));
    return true;
  }

  // The conditions inside any … where, which are cases of their own.
  void inner(const Condition& condition) {
    if (condition.kind == Kind::each) {
      if (const auto cases = cases_of(*condition.children[0]))
        contradiction(*cases, {}, condition.span);
    }
    for (const auto& child : condition.children) inner(*child);
  }

  void reachable(std::size_t index) {
    const auto& rule = set_.rules[index];
    if (!cases_[index]) return;
    for (std::size_t earlier = 0; earlier < index; ++earlier) {
      const auto& other = set_.rules[earlier];
      if (other.stage != rule.stage || !other.acts() || !other.is_final() || !cases_[earlier])
        continue;
      const bool all = std::ranges::all_of(*cases_[index], [&](const Case& special) {
        return std::ranges::any_of(*cases_[earlier],
                                   [&](const Case& general) { return covers(general, special); });
      });
      if (!all) continue;
      const auto where = fmt::format("{}:{}", sources_[other.span.source].path(),
                                     sources_.position(other.span).line);
      diagnostics_.warning(
          rule.span, fmt::format("rule \"{}\" is never reached", rule.name),
          other.when ? fmt::format("whenever it is true, \"{}\" ({}) has ended the stage",
                                   other.name, where)
                     : fmt::format("\"{}\" ({}) always ends the stage", other.name, where));
      return;
    }
  }

  const RuleSet& set_;
  const Sources& sources_;
  Diagnostics& diagnostics_;
  std::vector<std::optional<std::vector<Case>>> cases_;
};

}  // namespace

void analyse(const RuleSet& set, const Sources& sources, Diagnostics& diagnostics) {
  Analysis(set, sources, diagnostics).run();
}

}  // namespace sekisho::rules
