// Conditions: what stands where, and whether it is known there. Comparisons are in
// check_comparison.cc.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {

using Kind = ast::Expr::Kind;

ConditionPtr Checker::condition(const ast::Expr& source) {
  switch (source.kind) {
    case Kind::each:
      return each(source);
    case Kind::patterns:
      return some_patterns(source);
    case Kind::compare:
      return compare(source);
    case Kind::all:
    case Kind::one:
    case Kind::negation:
      break;
  }
  Condition joined;
  joined.kind = source.kind == Kind::all   ? Condition::Kind::all
                : source.kind == Kind::one ? Condition::Kind::one
                                           : Condition::Kind::negation;
  joined.span = source.span;
  bool good = true;
  joined.parts = 0;
  for (const auto& child : source.children) {
    auto checked = condition(child);
    good = good && checked != nullptr;
    if (checked) joined.parts += checked->parts;
    joined.children.push_back(std::move(checked));
  }
  if (!good) {
    for (auto& child : joined.children) {
      if (child) orphans_.push_back(std::move(child));
    }
    return nullptr;
  }
  if (joined.parts > kMaxParts) {
    return error(source.span,
                 fmt::format("this condition holds more than {} comparisons", kMaxParts),
                 "with what its defines say written out");
  }
  return std::make_shared<const Condition>(std::move(joined));
}

ConditionPtr Checker::each(const ast::Expr& source) {
  Condition each;
  each.kind = Condition::Kind::each;
  each.span = source.span;
  each.quantifier = source.quantifier;
  each.item = find_item(source.name.text);
  if (each.item == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& item : all_items()) names.push_back(item.name);
    auto hint = did_you_mean(source.name.text, names);
    if (hint.empty()) hint = fmt::format("there are {}", fmt::join(names, ", "));
    if (source.name.text == "recipient") hint = "did you mean \"rcpt\"?";
    error(source.name.span,
          fmt::format("\"{}\" is nothing that a message has several of", source.name.text), hint);
    return nullptr;
  }
  bool good = true;
  if (source.left) {
    auto in = operand(*source.left);
    if (!in) return nullptr;
    if (!each.item->of_value) {
      good = false;
      error(source.left->span, fmt::format("\"{}\" stands alone", source.name.text),
            fmt::format("write: any {} where (…)", source.name.text));
    } else if (!in->many || in->type != Type::address || in->kind != Operand::Kind::value) {
      good = false;
      error(source.left->span, fmt::format("{}, not the addresses of a field", describe(*in)),
            "there are header.from, header.to, header.cc, header.reply_to, header.sender");
    }
    each.left = std::move(*in);
  } else if (each.item->of_value) {
    good = false;
    error(source.name.span, "an address of what?", "write: any address in header.from where (…)");
  }
  auto body = condition(source.children[0]);
  if (!good || !body) return nullptr;
  each.parts = body->parts;
  each.children.push_back(std::move(body));
  return std::make_shared<const Condition>(std::move(each));
}

ConditionPtr Checker::some_patterns(const ast::Expr& source) {
  const auto* index = use(source.name, Named::patterns, "patterns");
  if (index == nullptr) return nullptr;
  Condition some;
  some.kind = Condition::Kind::patterns;
  some.span = source.span;
  some.patterns = *index;
  some.left.from = Stage::message;
  some.left.span = source.span;
  if (source.at_least.given()) {
    const auto number = parse_uint(source.at_least.text);
    if (!number || *number == 0) {
      error(source.at_least.span,
            fmt::format("\"{}\" is not a number of patterns", source.at_least.text), "at least 1");
      return nullptr;
    }
    some.at_least = *number;
    const auto count = out_.patterns[*index].patterns.size();
    if (*number > count && count > 0) {
      diagnostics_.warning(
          source.at_least.span,
          fmt::format("this is never true: \"{}\" has {} patterns", source.name.text, count));
    }
  }
  return std::make_shared<const Condition>(std::move(some));
}

ConditionPtr Checker::defined(const ast::Value& source, Symbol& symbol) {
  symbol.used = true;
  DefineState& define = defines_[symbol.index];
  if (define.running) {
    return error(source.span, fmt::format("\"{}\" is defined by itself", source.text),
                 "a condition may use others, but not in a circle");
  }
  if (!define.done) {
    define.running = true;
    define.condition = condition(define.source->condition);
    define.running = false;
    define.done = true;
  }
  if (!define.condition) return nullptr;
  Condition named;
  named.kind = Condition::Kind::defined;
  named.span = source.span;
  named.name = source.text;
  named.parts = define.condition->parts;
  named.children.push_back(define.condition);
  return std::make_shared<const Condition>(std::move(named));
}

// A value without a comparison, which must be a yes or no by itself.
ConditionPtr Checker::alone(const ast::Expr& source) {
  const auto& left = *source.left;
  if (left.kind == ast::Value::Kind::word && !left.key) {
    Symbol* symbol = find(left.text);
    if (symbol != nullptr && symbol->kind == Named::define) return defined(left, *symbol);
  }
  auto value = operand(left);
  if (!value) return nullptr;
  if (value->type == Type::boolean && !value->is_set()) {
    Condition compared;
    compared.span = source.span;
    compared.left = std::move(*value);
    return std::make_shared<const Condition>(std::move(compared));
  }
  std::string hint = fmt::format("compare it, or write: {} is present", left.text);
  if (value->kind == Operand::Kind::limit) {
    hint = out_.limits[value->index].share ? fmt::format("write: {} > 50%", left.text)
                                           : fmt::format("write: {} exceeded", left.text);
  } else if (value->is_set()) {
    hint = fmt::format("write: a value in {}", left.text);
  } else if (value->kind == Operand::Kind::constant) {
    hint = "compare something with it";
  } else if (!words_of(value->type).empty()) {
    hint = fmt::format("write: {} is {}", left.text, example_of(value->type));
  } else if (value->type == Type::number) {
    hint = fmt::format("write: {} >= 5", left.text);
  }
  return error(source.span, fmt::format("{}, not a condition", describe(*value)), hint);
}

void Checker::known(const Operand& operand, const Place& place) {
  if (operand.key) known(*operand.key, place);
  const Span where = place.use.value_or(operand.span);
  const auto name = sources_.text(operand.span).substr(0, 60);
  const auto by_way =
      place.define.empty() ? std::string() : fmt::format("\"{}\" uses it; ", place.define);
  if (operand.value != nullptr && !operand.value->item.empty() &&
      std::ranges::find(place.items, operand.value->item) == place.items.end()) {
    const auto item = operand.value->item;
    if (item != "rcpt") {
      const auto in = item == "address" ? " in header.from" : "";
      error(where, fmt::format("\"{}\" is of one {} of several", name, item),
            fmt::format("{}write: any {}{} where ({} …)", by_way, item, in, name));
      return;
    }
    if (place.stage > Stage::rcpt) {
      error(where,
            fmt::format("\"{}\" is of one recipient; at {} there are several", name,
                        to_string(place.stage)),
            fmt::format("{}write: any rcpt where ({} …)", by_way, name));
      return;
    }
  }
  if (operand.from > place.stage) {
    error(where,
          fmt::format("\"{}\" is not known at {}; it is known from {} on", name,
                      to_string(place.stage), to_string(operand.from)),
          fmt::format("{}write \"at {}\"", by_way, to_string(operand.from)));
  }
}

void Checker::known(const Condition& condition, Place place) {
  if (condition.kind == Condition::Kind::defined && !place.use) {
    place.use = condition.span;
    place.define = condition.name;
  }
  if (condition.kind == Condition::Kind::each) {
    if (condition.item->from > place.stage) {
      const Span where = place.use.value_or(condition.span);
      error(where,
            fmt::format("there is no {} at {}; there is from {} on", condition.item->name,
                        to_string(place.stage), to_string(condition.item->from)),
            fmt::format("write \"at {}\"", to_string(condition.item->from)));
      return;
    }
    if (condition.left.value != nullptr) known(condition.left, place);
    place.items.push_back(condition.item->name);
  }
  if (condition.kind == Condition::Kind::compare || condition.kind == Condition::Kind::patterns) {
    known(condition.left, place);
    if (condition.right) known(*condition.right, place);
  }
  for (const auto& child : condition.children) known(*child, place);
}

void Checker::known_orphans(Stage stage) {
  Place place{stage, {}, std::nullopt, {}};
  // Whether they stood in an any … where is not known any more.
  for (const auto& item : all_items()) place.items.push_back(item.name);
  for (const auto& one : std::exchange(orphans_, {})) known(*one, place);
}

}  // namespace sekisho::rules
