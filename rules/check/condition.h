// A checked condition: every name resolved, every type known. Immutable; shared between rules that
// use the same define or group. The engine compiles it, `explain` walks it, analysis.h reasons
// about it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/check/stage.h"
#include "rules/check/type.h"
#include "rules/check/values.h"
#include "rules/syntax/ast.h"

namespace sekisho::rules {

using ast::Op;
using ast::Quantifier;

// A thing that has a value, or a set that a value may be in.
struct Operand {
  enum class Kind : std::uint8_t {
    constant,
    value,   // of values.h
    header,  // header "X"
    list,
    map,     // its keys
    lookup,  // map[key]
    score,
    limit,
    patterns,
  };
  enum class Member : std::uint8_t { none, wait, count, percent, total, score, matched };

  Kind kind = Kind::constant;
  Type type = Type::text;  // of the value, or of what a list, map or look-up holds
  bool many = false;
  Stage from = Stage::connect;
  Span span;
  const ValueInfo* value = nullptr;
  std::size_t index = 0;  // of the list, map, score, limit or patterns in the RuleSet
  Member member = Member::none;
  std::string header;
  std::optional<Constant> constant;
  std::shared_ptr<const Operand> key;

  [[nodiscard]] bool is_set() const {
    return kind == Kind::list || kind == Kind::map || kind == Kind::lookup;
  }
};

// Defines of defines could say a million comparisons in ten lines.
inline constexpr std::size_t kMaxParts = 2000;

struct Condition {
  enum class Kind : std::uint8_t { all, one, negation, each, patterns, compare, defined };
  Kind kind = Kind::compare;
  Span span;
  std::vector<std::shared_ptr<const Condition>> children;
  Op op = Op::none;
  bool count = false;  // of left, which holds several
  Operand left;
  std::optional<Operand> right;
  std::size_t regex = 0;  // op == matches: in RuleSet::regexes
  Quantifier quantifier = Quantifier::any;
  const ItemInfo* item = nullptr;
  std::size_t patterns = 0;
  std::uint64_t at_least = 1;
  std::string name;       // defined: of the define
  std::size_t parts = 1;  // comparisons in it, with all defines written out
};

using ConditionPtr = std::shared_ptr<const Condition>;

// One line that is the same for conditions that are the same.
[[nodiscard]] std::string to_string(const Operand& operand);
[[nodiscard]] std::string to_string(const Condition& condition);
[[nodiscard]] std::string_view to_string(Op op);

}  // namespace sekisho::rules
