#include "rules/testing/clause.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/encode.h"

namespace sekisho::rules::testing {
namespace {

using engine::ClauseTrace;
using engine::RuleTrace;
using Kind = Condition::Kind;

constexpr std::size_t kMaxShown = 3;

bool says_something(const ClauseTrace& clause) {
  const auto kind = clause.condition->kind;
  return kind == Kind::compare || kind == Kind::patterns || kind == Kind::each;
}

Clause in_words(const ClauseTrace& clause, const Sources& sources) {
  return {.condition = clause.condition,
          .text = in_one_line(sources.text(clause.condition->span)),
          .truth = clause.truth,
          .values = clause.values,
          .matched = clause.matched,
          .item = clause.item};
}

}  // namespace

std::string in_one_line(std::string_view source) {
  std::string out;
  for (const char c : source) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank) out += c;
    if (blank && !out.empty() && out.back() != ' ') out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::vector<Clause> deciding(const RuleTrace& trace, const Sources& sources) {
  std::vector<const ClauseTrace*> telling;
  for (const auto& clause : trace.clauses) {
    if (says_something(clause)) telling.push_back(&clause);
  }
  const bool was_true =
      trace.outcome == RuleTrace::Outcome::acted || trace.outcome == RuleTrace::Outcome::shadow;
  std::vector<Clause> out;
  if (!was_true) {
    if (!telling.empty()) out.push_back(in_words(*telling.back(), sources));
    return out;
  }
  for (const auto* clause : telling) {
    // That an `any` is true is said by the part in it.
    if (clause->truth != engine::Answer::yes || clause->condition->kind == Kind::each) continue;
    const auto same = [&](const Clause& had) { return had.condition == clause->condition; };
    if (out.size() < kMaxShown && std::ranges::none_of(out, same)) {
      out.push_back(in_words(*clause, sources));
    }
  }
  if (out.empty() && !telling.empty()) out.push_back(in_words(*telling.back(), sources));
  return out;
}

std::string to_string(const Clause& clause) {
  std::string out = fmt::format("{} is {}", clause.text, to_string(clause.truth));
  const bool compares = clause.condition->kind == Kind::compare;
  if (clause.condition->kind == Kind::patterns) {
    if (!clause.matched.empty()) out += fmt::format(" (found {})", clause.matched);
  } else if (!clause.matched.empty()) {
    out += fmt::format(" (found \"{}\")", encode_for_log(clause.matched, 200));
  } else if (!clause.values.empty()) {
    std::vector<std::string> shown;
    for (const auto& value : clause.values) {
      if (shown.size() == kMaxShown) {
        shown.emplace_back("…");
        break;
      }
      shown.push_back(fmt::format("\"{}\"", encode_for_log(value, 200)));
    }
    out += fmt::format(" (it is {})", fmt::join(shown, ", "));
  } else if (compares && clause.truth == engine::Answer::no) {
    out += " (it is absent)";
  }
  return out;
}

std::string_view to_string(RuleTrace::Outcome outcome) {
  using Outcome = RuleTrace::Outcome;
  switch (outcome) {
    case Outcome::not_true:
      return "not true";
    case Outcome::acted:
      return "acted";
    case Outcome::shadow:
      return "on trial, true";
    case Outcome::failed:
      return "failed";
    case Outcome::off:
      return "off";
    case Outcome::skipped:
      return "skipped";
  }
  return "";
}

std::string_view to_string(engine::Answer truth) {
  switch (truth) {
    case engine::Answer::yes:
      return "true";
    case engine::Answer::no:
      return "false";
    case engine::Answer::failed:
      return "unknown";
  }
  return "";
}

}  // namespace sekisho::rules::testing
