// When two conditions are the same, and on which item they depend.
#include "rules/engine/key.h"

#include <fmt/format.h>

namespace sekisho::rules::engine {
namespace {

// With its length, so that no text can look like a part of a condition.
std::string measured(std::string_view text) { return fmt::format("{}\"{}", text.size(), text); }

std::string text_of(const Constant& constant) {
  return std::visit(
      []<class T>(const T& value) -> std::string {
        if constexpr (requires { value.to_string(); }) {
          return value.to_string();
        } else if constexpr (std::is_same_v<T, std::string>) {
          return measured(value);
        } else {
          return fmt::format("{}", value);
        }
      },
      constant.value);
}

std::size_t bound(const Operand& operand, const Bindings& bindings) {
  if (operand.value == nullptr || operand.value->item.empty()) return 0;
  for (std::size_t i = bindings.size(); i > 0; --i) {
    if (bindings[i - 1].item->name == operand.value->item) return i;
  }
  return 0;
}

Bindings inside(const Condition& each, const Bindings& bindings) {
  Bindings inner = bindings;
  inner.push_back({each.item, fmt::format("~{}", bindings.size()), kNone});
  return inner;
}

}  // namespace

std::string Keys::of(const Operand& operand, const Bindings& bindings) {
  using Kind = Operand::Kind;
  switch (operand.kind) {
    case Kind::constant:
      return fmt::format("{}:{}", static_cast<int>(operand.type),
                         operand.constant ? text_of(*operand.constant) : "");
    case Kind::value: {
      const auto at = bound(operand, bindings);
      return fmt::format("{}{}", operand.value->name, at == 0 ? "" : bindings[at - 1].label);
    }
    case Kind::header:
      return fmt::format("header{}", measured(operand.header));
    case Kind::lookup:
      return fmt::format("map{}[{}]", operand.index, of(*operand.key, bindings));
    default:
      return fmt::format("{}#{}.{}", static_cast<int>(operand.kind), operand.index,
                         static_cast<int>(operand.member));
  }
}

std::string Keys::of(const Condition& condition, const Bindings& bindings) {
  using Kind = Condition::Kind;
  std::string key;
  switch (condition.kind) {
    case Kind::all:
    case Kind::one:
      for (const auto& child : condition.children) {
        key += key.empty() ? "(" : condition.kind == Kind::all ? " & " : " | ";
        key += of(*child, bindings);
      }
      return key + ")";
    case Kind::negation:
      return "!" + of(*condition.children[0], bindings);
    case Kind::defined:
      return known(*condition.children[0], bindings).key;
    case Kind::each:
      return fmt::format("each{} {} in {} ({})", static_cast<int>(condition.quantifier),
                         condition.item->name,
                         condition.left.value == nullptr ? "" : condition.left.value->name,
                         of(*condition.children[0], inside(condition, bindings)));
    case Kind::patterns:
      return fmt::format("patterns{}>={}", condition.patterns, condition.at_least);
    case Kind::compare:
      break;
  }
  return fmt::format("<{}{} {} {} {}>", condition.count ? "count " : "",
                     of(condition.left, bindings), static_cast<int>(condition.op),
                     condition.right ? of(*condition.right, bindings) : "",
                     condition.op == Op::matches ? condition.regex : 0);
}

std::set<std::size_t> Keys::items(const Operand& operand, const Bindings& bindings) {
  std::set<std::size_t> items;
  if (operand.key) items = this->items(*operand.key, bindings);
  if (const auto own = bound(operand, bindings); own > 0) items.insert(own);
  return items;
}

std::set<std::size_t> Keys::items(const Condition& condition, const Bindings& bindings) {
  if (bindings.empty()) return {};
  if (condition.kind == Condition::Kind::defined) {
    return known(*condition.children[0], bindings).items;
  }
  std::set<std::size_t> items;
  if (condition.kind == Condition::Kind::compare) {
    items = this->items(condition.left, bindings);
    if (condition.right) items.merge(this->items(*condition.right, bindings));
  }
  const bool each = condition.kind == Condition::Kind::each;
  for (const auto& child : condition.children) {
    items.merge(this->items(*child, each ? inside(condition, bindings) : bindings));
  }
  if (each) items.erase(bindings.size() + 1);
  return items;
}

const Keys::Known& Keys::known(const Condition& defined, const Bindings& bindings) {
  std::string place;
  for (const auto& binding : bindings)
    place += fmt::format("{}{} ", binding.item->name, binding.label);
  const auto found = known_.find({&defined, place});
  if (found != known_.end()) return found->second;
  auto text = of(defined, bindings);
  Known made{
      fmt::format("d{}", numbers_.try_emplace(std::move(text), numbers_.size()).first->second),
      items(defined, bindings)};
  return known_.try_emplace({&defined, std::move(place)}, std::move(made)).first->second;
}

}  // namespace sekisho::rules::engine
