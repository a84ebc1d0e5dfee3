#include "rules/testing/fate.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/testing/clause.h"

namespace sekisho::rules::testing {
namespace {

using Outcome = engine::RuleTrace::Outcome;
using Traces = std::map<std::string_view, const engine::RuleTrace*>;

std::string short_form(const Verdict& verdict) {
  Verdict bare = verdict;
  bare.text.clear();
  bare.failure.clear();
  return to_string(bare);
}

// Rules by name; of a rule asked several times the time that it acted, else the first.
Traces traces_of(const Played& played, const RuleSet& set) {
  Traces out;
  for (const auto& run : played.runs) {
    for (const auto& trace : run.trace.rules) {
      auto& place = out[set.rules[trace.rule].name];
      if (place == nullptr || trace.outcome == Outcome::acted) place = &trace;
    }
  }
  return out;
}

bool acted(const engine::RuleTrace* trace) {
  return trace != nullptr &&
         (trace->outcome == Outcome::acted || trace->outcome == Outcome::failed);
}

std::string clauses_of(const engine::RuleTrace& trace, const Sources& sources) {
  std::vector<std::string> parts;
  for (const auto& clause : deciding(trace, sources)) parts.push_back(to_string(clause));
  if (trace.outcome == Outcome::failed) parts.push_back("it failed: " + trace.why);
  return parts.empty() ? "it has no condition" : fmt::format("{}", fmt::join(parts, " and "));
}

struct Side {
  const Played& played;
  const RuleSet& set;
  const Sources& sources;
};

std::string first_clause(const Side& before, const Side& after, std::string& rule) {
  const auto old_traces = traces_of(before.played, before.set);
  const auto new_traces = traces_of(after.played, after.set);
  const auto find = [](const Traces& traces, std::string_view name) {
    const auto found = traces.find(name);
    return found == traces.end() ? nullptr : found->second;
  };
  for (const auto& run : after.played.runs) {
    for (const auto& trace : run.trace.rules) {
      const auto& name = after.set.rules[trace.rule].name;
      const auto* now = find(new_traces, name);
      const auto* had = find(old_traces, name);
      if (acted(now) == acted(had)) continue;
      rule = name;
      auto out = fmt::format("{}: {}", name, clauses_of(*now, after.sources));
      if (had != nullptr) out += fmt::format("; before, {}", clauses_of(*had, before.sources));
      return out;
    }
  }
  for (const auto& run : before.played.runs) {
    for (const auto& trace : run.trace.rules) {
      const auto& name = before.set.rules[trace.rule].name;
      const auto* had = find(old_traces, name);
      if (!acted(had) || find(new_traces, name) != nullptr) continue;
      rule = name;
      return fmt::format("{} is not asked any more; before, {}", name,
                         clauses_of(*had, before.sources));
    }
  }
  return {};
}

}  // namespace

std::string fate(const Played& played, const RuleSet& set) {
  std::string out = short_form(played.verdict);
  std::vector<std::string> more;
  for (const auto& [recipient, verdict] : played.refused) {
    more.push_back(fmt::format("<{}> {}", recipient, short_form(verdict)));
  }
  for (const auto& effect : played.effects) {
    if (const auto text = to_string(effect); !text.empty()) {
      more.push_back(fmt::format("{} by {}", text, set.rules[effect.rule].name));
    }
  }
  if (!more.empty()) out += fmt::format("; {}", fmt::join(more, "; "));
  return out;
}

std::optional<Change> change(const Played& before, const RuleSet& old_set,
                             const Sources& old_sources, const Played& after,
                             const RuleSet& new_set, const Sources& new_sources) {
  Change out{
      .rule = {}, .before = fate(before, old_set), .after = fate(after, new_set), .clause = {}};
  if (out.before == out.after) return std::nullopt;
  out.clause =
      first_clause({before, old_set, old_sources}, {after, new_set, new_sources}, out.rule);
  const bool decides = short_form(before.verdict) != short_form(after.verdict);
  if (decides && !after.verdict.by.empty()) out.rule = after.verdict.by;
  if (decides && after.verdict.by.empty() && !before.verdict.by.empty())
    out.rule = before.verdict.by;
  return out;
}

}  // namespace sekisho::rules::testing
