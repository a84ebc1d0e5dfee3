#include "rules/check/check.h"

#include <algorithm>

#include <fmt/format.h>

#include "rules/check/analysis.h"
#include "rules/check/checker.h"

namespace sekisho::rules {

std::optional<Stage> counted_at(Limit::Unit unit) {
  switch (unit) {
    case Limit::Unit::connections:
      return Stage::connect;
    case Limit::Unit::recipients:
    case Limit::Unit::new_recipients:
      return Stage::rcpt;
    case Limit::Unit::messages:
    case Limit::Unit::bytes:
      return Stage::message;
    case Limit::Unit::refusals:
      break;
  }
  return std::nullopt;
}

bool is_final(ast::Action::Kind kind) {
  using Kind = ast::Action::Kind;
  return kind == Kind::reject || kind == Kind::defer || kind == Kind::quarantine ||
         kind == Kind::discard || kind == Kind::accept || kind == Kind::disconnect;
}

bool Rule::is_final() const {
  return std::ranges::any_of(actions, [](const Action& a) { return rules::is_final(a.kind); });
}

RuleSet Checker::check(std::span<const ast::Declaration* const> declarations) {
  const auto each = [&]<class T>(void (Checker::*check)(const T&)) {
    for (const auto* declaration : declarations) {
      if (const auto* one = std::get_if<T>(declaration)) (this->*check)(*one);
    }
  };
  for (const auto* declaration : declarations) declare(*declaration);
  each(&Checker::list);
  each(&Checker::map);
  each(&Checker::patterns);
  each(&Checker::limit);
  for (const auto* declaration : declarations) {
    if (const auto* one = std::get_if<ast::Rule>(declaration)) rule(*one, {}, nullptr);
    if (const auto* one = std::get_if<ast::Group>(declaration)) group(*one);
  }
  // What no rule uses is checked too.
  for (auto& define : defines_) {
    if (define.done) continue;
    define.running = true;
    define.condition = condition(define.source->condition);
    define.running = false;
    define.done = true;
  }
  each(&Checker::test);
  scores_in_order();
  report_unused();
  return std::move(out_);
}

RuleSet check(const Loaded& loaded, const Sources& sources, const CheckContext& context,
              Diagnostics& diagnostics) {
  RuleSet set = Checker(sources, context, diagnostics).check(loaded.declarations);
  // With names missing, what can be said about the rest would mostly be wrong.
  if (!diagnostics.has_errors()) analyse(set, sources, diagnostics);
  return set;
}

}  // namespace sekisho::rules
