#include "rules/check/cases.h"

#include <algorithm>
#include <utility>

namespace sekisho::rules {
namespace {

using Kind = Condition::Kind;

// The same fact both ways: kept, with the key of the second marked, so that it is found.
bool add(Case& facts, const std::string& key, Fact fact) {
  const auto [found, fresh] = facts.try_emplace(key, fact);
  if (!fresh && found->second.holds != fact.holds) facts.try_emplace("!" + key, fact);
  return true;
}

std::optional<std::vector<Case>> cases(const Condition& condition, bool holds) {
  switch (condition.kind) {
    case Kind::defined:
      return cases(*condition.children[0], holds);
    case Kind::negation:
      return cases(*condition.children[0], !holds);
    case Kind::all:
    case Kind::one: {
      const bool conjunction = (condition.kind == Kind::all) == holds;
      std::vector<Case> out;
      if (conjunction) out.emplace_back();
      for (const auto& child : condition.children) {
        const auto more = cases(*child, holds);
        if (!more) return std::nullopt;
        if (!conjunction) {
          out.insert(out.end(), more->begin(), more->end());
        } else {
          std::vector<Case> product;
          for (const auto& left : out) {
            for (const auto& right : *more) {
              if (product.size() >= kMaxCases) return std::nullopt;
              Case both = left;
              for (const auto& [key, fact] : right)
                add(both, key.starts_with('!') ? key.substr(1) : key, fact);
              product.push_back(std::move(both));
            }
          }
          out = std::move(product);
        }
        if (out.size() > kMaxCases) return std::nullopt;
      }
      return out;
    }
    case Kind::each:
    case Kind::patterns:
    case Kind::compare:
      break;
  }
  Case one;
  add(one, to_string(condition), {&condition, holds});
  return std::vector<Case>{std::move(one)};
}

// A comparison of a single value with a constant.
bool is_plain(const Fact& fact) {
  const auto& c = *fact.condition;
  if (c.kind != Kind::compare) return false;
  const bool readings = c.left.value != nullptr && c.left.value->readings;
  return !readings && !c.left.many;
}

std::optional<double> number_of(const Condition& condition) {
  if (!condition.right || !condition.right->constant) return std::nullopt;
  const auto& value = condition.right->constant->value;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) return static_cast<double>(*whole);
  return std::nullopt;
}

// Of the values that the comparison allows: from `low` to `high`, the ends in or out.
struct Range {
  double low = -1e300;
  double high = 1e300;
  bool low_in = true;
  bool high_in = true;
};

std::optional<Range> range_of(const Condition& condition) {
  const auto number = number_of(condition);
  if (!number) return std::nullopt;
  switch (condition.op) {
    case Op::less:
      return Range{-1e300, *number, true, false};
    case Op::less_equal:
      return Range{-1e300, *number, true, true};
    case Op::greater:
      return Range{*number, 1e300, false, true};
    case Op::greater_equal:
      return Range{*number, 1e300, true, true};
    case Op::is:
      return Range{*number, *number, true, true};
    default:
      return std::nullopt;
  }
}

bool apart(const Range& a, const Range& b) {
  const double low = std::max(a.low, b.low);
  const double high = std::min(a.high, b.high);
  if (low > high) return true;
  if (low < high) return false;
  const bool low_in = (a.low < low || a.low_in) && (b.low < low || b.low_in);
  const bool high_in = (a.high > high || a.high_in) && (b.high > high || b.high_in);
  return !low_in || !high_in;
}

// Both are true of the same value.
bool clash(const Condition& a, const Condition& b) {
  const auto both = [&](Op x, Op y) {
    return (a.op == x && b.op == y) || (a.op == y && b.op == x);
  };
  const bool constants = a.right && b.right && a.right->constant && b.right->constant;
  if (a.op == Op::absent && b.op != Op::absent) return true;
  if (b.op == Op::absent && a.op != Op::absent) return true;
  // Of a header field that stands there twice, both may be true.
  if (a.left.kind == Operand::Kind::header) return false;
  if (a.op == Op::is && b.op == Op::is) {
    return constants && a.right->constant != b.right->constant;
  }
  if (both(Op::is, Op::is_not)) return constants && a.right->constant == b.right->constant;
  if (both(Op::in, Op::not_in)) return to_string(*a.right) == to_string(*b.right);
  const auto left = range_of(a);
  const auto right = range_of(b);
  return left && right && apart(*left, *right);
}

}  // namespace

std::optional<std::vector<Case>> cases_of(const Condition& condition) {
  return cases(condition, true);
}

std::optional<std::pair<Fact, Fact>> contradiction_in(const Case& facts) {
  for (auto one = facts.begin(); one != facts.end(); ++one) {
    if (one->first.starts_with('!')) return std::pair(facts.at(one->first.substr(1)), one->second);
    if (!one->second.holds || !is_plain(one->second)) continue;
    for (auto other = std::next(one); other != facts.end(); ++other) {
      if (!other->second.holds || !is_plain(other->second)) continue;
      const auto& a = *one->second.condition;
      const auto& b = *other->second.condition;
      if (a.count != b.count || to_string(a.left) != to_string(b.left)) continue;
      if (clash(a, b)) return std::pair(one->second, other->second);
    }
  }
  return std::nullopt;
}

bool covers(const Case& general, const Case& special) {
  return std::ranges::all_of(general, [&](const auto& demanded) {
    const auto found = special.find(demanded.first);
    return found != special.end() && found->second.holds == demanded.second.holds;
  });
}

}  // namespace sekisho::rules
