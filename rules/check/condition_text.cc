#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/check/condition.h"

namespace sekisho::rules {
namespace {

std::string to_string(const Constant& constant) {
  return std::visit(
      []<class T>(const T& value) -> std::string {
        if constexpr (requires { value.to_string(); }) {
          return value.to_string();
        } else if constexpr (std::is_same_v<T, std::string>) {
          return fmt::format("\"{}\"", value);
        } else {
          return fmt::format("{}", value);
        }
      },
      constant.value);
}

std::string_view to_string(Operand::Member member) {
  using Member = Operand::Member;
  switch (member) {
    case Member::none:
      return "";
    case Member::wait:
      return ".wait";
    case Member::count:
      return ".count";
    case Member::percent:
      return ".percent";
    case Member::total:
      return ".total";
    case Member::score:
      return ".score";
    case Member::matched:
      return ".matched";
  }
  return "";
}

std::string joined(const Condition& condition, std::string_view by) {
  std::vector<std::string> parts;
  for (const auto& child : condition.children) parts.push_back(to_string(*child));
  return fmt::format("({})", fmt::join(parts, by));
}

}  // namespace

std::string_view to_string(Op op) {
  switch (op) {
    case Op::none:
      return "";
    case Op::is:
      return "is";
    case Op::is_not:
      return "is not";
    case Op::present:
      return "is present";
    case Op::absent:
      return "is absent";
    case Op::in:
      return "in";
    case Op::not_in:
      return "not in";
    case Op::less:
      return "<";
    case Op::less_equal:
      return "<=";
    case Op::greater:
      return ">";
    case Op::greater_equal:
      return ">=";
    case Op::contains:
      return "contains";
    case Op::starts_with:
      return "starts with";
    case Op::ends_with:
      return "ends with";
    case Op::matches:
      return "matches";
    case Op::exceeded:
      return "exceeded";
  }
  return "";
}

std::string to_string(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::constant:
      return operand.constant ? to_string(*operand.constant) : "";
    case Operand::Kind::value:
      return std::string(operand.value->name);
    case Operand::Kind::header:
      return fmt::format("header \"{}\"", operand.header);
    case Operand::Kind::lookup:
      return fmt::format("map{}[{}]", operand.index, to_string(*operand.key));
    default:
      return fmt::format("{}#{}{}", static_cast<int>(operand.kind), operand.index,
                         to_string(operand.member));
  }
}

std::string to_string(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::all:
      return joined(condition, " and ");
    case Condition::Kind::one:
      return joined(condition, " or ");
    case Condition::Kind::negation:
      return fmt::format("not {}", to_string(*condition.children[0]));
    case Condition::Kind::each:
      return fmt::format("{} {} in {} where {}", static_cast<int>(condition.quantifier),
                         condition.item->name,
                         condition.left.value == nullptr ? "it" : to_string(condition.left),
                         to_string(*condition.children[0]));
    case Condition::Kind::patterns:
      return fmt::format("at least {} of patterns{}", condition.at_least, condition.patterns);
    case Condition::Kind::defined:
      return to_string(*condition.children[0]);
    case Condition::Kind::compare:
      break;
  }
  return fmt::format("{}{} {} {}{}", condition.count ? "count of " : "", to_string(condition.left),
                     to_string(condition.op), condition.right ? to_string(*condition.right) : "",
                     condition.op == Op::matches ? fmt::format("/{}/", condition.regex) : "");
}

}  // namespace sekisho::rules
