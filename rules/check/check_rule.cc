// Rules and groups.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

// Whether a condition looks into the message's content.
const ValueInfo* content_in(const Condition& condition) {
  for (const Operand* operand : {&condition.left, condition.right ? &*condition.right : nullptr}) {
    if (operand == nullptr || operand->value == nullptr) continue;
    const auto name = operand->value->name;
    for (const std::string_view content : {"text", "html", "source", "part", "attachment", "url"}) {
      if (name == content || (name.starts_with(content) && name[content.size()] == '.')) {
        return operand->value;
      }
    }
  }
  for (const auto& child : condition.children) {
    if (const auto* found = content_in(*child)) return found;
  }
  return nullptr;
}

// Names of listeners that it names as the only ones; empty where it names none.
void listeners_in(const Condition& condition, std::vector<std::string>& names) {
  if (condition.kind == Condition::Kind::all || condition.kind == Condition::Kind::defined) {
    for (const auto& child : condition.children) listeners_in(*child, names);
  }
  if (condition.kind == Condition::Kind::compare && condition.op == Op::is &&
      condition.left.value != nullptr && condition.left.value->name == "listener" &&
      condition.right && condition.right->constant) {
    names.push_back(std::get<std::string>(condition.right->constant->value));
  }
}

}  // namespace

void Checker::group(const ast::Group& source) {
  const ConditionPtr guard = condition(source.when);
  if (source.rules.empty()) {
    diagnostics_.warning(source.name.span,
                         fmt::format("group \"{}\" holds no rule", source.name.text));
  }
  for (const auto& one : source.rules) rule(one, source.name.text, guard);
}

void Checker::rule(const ast::Rule& source, const std::string& group, const ConditionPtr& guard) {
  Rule rule;
  rule.name = source.name.text;
  rule.sentence = source.sentence.text;
  rule.span = source.name.span;
  rule.off = source.off;
  rule.group = group;
  const auto stage = stage_named(source.stage.text);
  if (!stage) {
    if (!source.stage.given()) return;
    auto hint = did_you_mean(source.stage.text, {kStageNames.begin(), kStageNames.end()});
    if (source.stage.text == "data" || source.stage.text == "body" ||
        source.stage.text == "header" || source.stage.text == "content") {
      hint = "did you mean \"message\"? Its header and parts are all known there";
    }
    if (hint.empty()) hint = fmt::format("there are {}", fmt::join(kStageNames, ", "));
    error(source.stage.span, fmt::format("\"{}\" is no stage", source.stage.text), hint);
  }
  rule.stage = stage.value_or(Stage::outcome);
  shadow(source, rule);
  on_error(source, rule);
  const Place place{rule.stage, {}, std::nullopt, {}};
  ConditionPtr own;
  orphans_.clear();
  if (source.when) own = condition(*source.when);
  if (stage) known_orphans(*stage);
  const bool complete = !source.when || own;
  if (own && stage) known(*own, place);
  if (guard && stage) {
    Place inside = place;
    inside.use = source.stage.span;
    inside.define = group;
    known(*guard, inside);
  }
  rule.when = own;
  if (guard && own) {
    Condition both;
    both.kind = Condition::Kind::all;
    both.span = own->span;
    both.children = {guard, own};
    both.parts = guard->parts + own->parts;
    rule.when = std::make_shared<const Condition>(std::move(both));
  } else if (guard) {
    rule.when = guard;
  }
  actions(source, rule);
  if (stage && complete) {
    content_on_listeners(rule);
    out_.rules.push_back(std::move(rule));
  }
}

void Checker::shadow(const ast::Rule& source, Rule& rule) {
  if (!source.shadow) return;
  const auto& shadow = *source.shadow;
  const auto date = item(Type::date, shadow.until);
  if (!date) return;
  rule.shadow_until =
      std::chrono::sys_days(std::chrono::days(std::get<std::uint64_t>(date->value)));
  rule.then_enforce = shadow.enforce;
  if (source.off) {
    diagnostics_.warning(shadow.span, "the rule is off, so its trial shows nothing",
                         "remove \"off\" or the trial");
  }
  if (*rule.shadow_until <= context_.today) {
    if (shadow.enforce) {
      diagnostics_.warning(shadow.until.span, "this trial is over and the rule is enforced",
                           "remove the line");
    } else {
      diagnostics_.warning(
          shadow.until.span, "this trial is over, and the rule still only counts",
          "set another day, add \"then enforce\", or remove the line to enforce it");
    }
  }
}

void Checker::on_error(const ast::Rule& source, Rule& rule) {
  rule.on_error = rule.stage == Stage::outcome ? OnError::proceed : OnError::defer;
  if (!source.on_error.given()) return;
  const auto& word = source.on_error;
  if (word.text == "continue") {
    rule.on_error = OnError::proceed;
  } else if (word.text == "defer" || word.text == "reject") {
    rule.on_error = word.text == "defer" ? OnError::defer : OnError::reject;
    if (rule.stage == Stage::outcome) {
      error(word.span, "the client has its reply already at outcome", "write: on_error continue");
    }
  } else {
    auto hint = did_you_mean(word.text, {"defer", "reject", "continue"});
    if (hint.empty()) hint = "there are defer, reject and continue";
    error(word.span, fmt::format("a rule that fails cannot \"{}\"", word.text), hint);
  }
}

void Checker::content_on_listeners(const Rule& rule) {
  if (!rule.when) return;
  std::vector<std::string> named;
  listeners_in(*rule.when, named);
  if (context_.listeners.empty()) return;
  for (const auto& name : named) {
    const auto known = std::ranges::find(context_.listeners, name, &ListenerFacts::name);
    if (known != context_.listeners.end()) continue;
    std::vector<std::string_view> names;
    for (const auto& listener : context_.listeners) names.push_back(listener.name);
    diagnostics_.warning(rule.span, fmt::format("no listener is named \"{}\"", name),
                         did_you_mean(name, names));
  }
  const auto* content = content_in(*rule.when);
  if (content == nullptr) return;
  for (const auto& listener : context_.listeners) {
    const bool here = named.empty() || std::ranges::find(named, listener.name) != named.end();
    if (!here || listener.content_filters) continue;
    diagnostics_.warning(
        rule.span,
        fmt::format("\"{}\" is absent on listener {}, which has no content filters", content->name,
                    listener.name),
        "the rule does nothing there");
  }
}

void Checker::scores_in_order() {
  for (std::size_t reader = 0; reader < out_.rules.size(); ++reader) {
    if (!out_.rules[reader].when) continue;
    std::vector<const Condition*> open = {out_.rules[reader].when.get()};
    while (!open.empty()) {
      const Condition* one = open.back();
      open.pop_back();
      for (const auto& child : one->children) open.push_back(child.get());
      if (one->left.kind != Operand::Kind::score) continue;
      bool added = false;
      for (std::size_t adder = 0; adder < out_.rules.size(); ++adder) {
        const auto& rule = out_.rules[adder];
        const bool adds = std::ranges::any_of(rule.actions, [&](const Action& action) {
          return action.kind == ast::Action::Kind::add_score && action.score == one->left.index;
        });
        if (!adds) continue;
        added = true;
        const bool later = rule.stage > out_.rules[reader].stage ||
                           (rule.stage == out_.rules[reader].stage && adder > reader);
        if (later) {
          error(
              one->left.span,
              fmt::format("rule \"{}\" still adds to this score after it is asked here", rule.name),
              fmt::format("put rule \"{}\" behind it", out_.rules[reader].name));
        }
      }
      if (!added) {
        diagnostics_.warning(one->left.span, "no rule adds to this score", "it is always 0");
      }
    }
  }
}

}  // namespace sekisho::rules
