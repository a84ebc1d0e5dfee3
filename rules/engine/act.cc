#include "rules/engine/act.h"

#include <fmt/format.h>

#include "rules/engine/render.h"

namespace sekisho::rules::engine {
namespace {

using Kind = ast::Action::Kind;

End end_of(Kind kind) {
  switch (kind) {
    case Kind::accept:
      return End::accept;
    case Kind::reject:
      return End::reject;
    case Kind::defer:
      return End::defer;
    case Kind::quarantine:
      return End::quarantine;
    case Kind::discard:
      return End::discard;
    case Kind::disconnect:
      return End::disconnect;
    default:
      return End::none;
  }
}

std::string_view word_of(Kind kind) {
  switch (kind) {
    case Kind::tag:
      return "tag";
    case Kind::log:
      return "log";
    case Kind::add_score:
      return "add";
    case Kind::add_header:
      return "add-header";
    case Kind::set_header:
      return "set-header";
    case Kind::remove_header:
      return "remove-header";
    case Kind::prepend:
      return "prepend";
    case Kind::append:
      return "append";
    case Kind::sign:
      return "sign";
    case Kind::route:
      return "route";
    case Kind::delay:
      return "delay";
    case Kind::notify:
      return "notify";
    case Kind::webhook:
      return "webhook";
    case Kind::suspend:
      return "suspend";
    case Kind::skip:
      return "skip";
    default:
      return to_string(end_of(kind));
  }
}

// sign: the keys; suspend: whom; add to a score: how much. An absent value leaves none.
std::expected<std::vector<std::string>, std::string> values_of(const Action& action,
                                                               const RuleCode& rule,
                                                               Evaluation& evaluation, Acts& acts) {
  std::vector<std::string> texts;
  const Operand& operand = *action.value;
  std::vector<Fact> facts;
  if (operand.kind == Operand::Kind::lookup) {
    if (!action_values(*operand.key, evaluation, rule, facts)) {
      return std::unexpected(evaluation.why());
    }
    for (const Fact& key : facts) {
      if (evaluation.asked().lists.values(operand.index, key, texts) == Answer::failed) {
        return std::unexpected(
            fmt::format("{} can't be read", evaluation.code().set->maps[operand.index].name));
      }
    }
    return texts;
  }
  if (!action_values(operand, evaluation, rule, facts)) return std::unexpected(evaluation.why());
  for (const Fact& fact : facts) {
    const auto* number = std::get_if<double>(&fact);
    if (action.kind == Kind::add_score && number != nullptr) acts.points[&action] += *number;
    const auto* raw = std::get_if<std::string_view>(&fact);
    texts.push_back(raw == nullptr ? rendered(operand, fact) : std::string(*raw));
  }
  return texts;
}

}  // namespace

std::string_view would_of(const Rule& rule) {
  for (const auto& action : rule.actions) {
    if (is_final(action.kind)) return word_of(action.kind);
  }
  return rule.actions.empty() ? std::string_view("nothing") : word_of(rule.actions[0].kind);
}

std::expected<Acts, std::string> acts_of(const Rule& rule, const RuleCode& code,
                                         Evaluation& evaluation) {
  Acts acts;
  for (const auto& action : rule.actions) {
    const auto lines =
        action.kind == Kind::notify || action.kind == Kind::webhook ? Lines::several : Lines::one;
    auto text = rendered(action.text, evaluation, code, lines);
    if (const auto end = end_of(action.kind); end != End::none) {
      acts.end = end;
      acts.code = action.code;
      acts.enhanced = action.enhanced;
      acts.text = std::move(text);
      continue;
    }
    if (action.kind == Kind::skip) {
      acts.skip = true;
      continue;
    }
    Effect effect{code.rule, &action, std::move(text), {}};
    if (action.value) {
      auto values = values_of(action, code, evaluation, acts);
      if (!values) return std::unexpected(std::move(values.error()));
      effect.values = std::move(*values);
    }
    acts.effects.push_back(std::move(effect));
  }
  return acts;
}

}  // namespace sekisho::rules::engine
