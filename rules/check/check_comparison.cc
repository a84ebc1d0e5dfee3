// Comparisons: which values may be asked what. Nothing is converted: where types differ the error
// says what was probably meant.
#include <algorithm>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

// Whether a value may be an item of a set of `set`.
bool fits(Type value, Type set) {
  if (value == set) return true;
  if (set == Type::network) return value == Type::ip;
  if (set == Type::word) {
    return value == Type::text || value == Type::user || value == Type::country ||
           value == Type::weekday || value == Type::part_kind;
  }
  return false;
}

bool is_plain_word(const ast::Value& value) {
  return value.kind == ast::Value::Kind::word && !value.key;
}

}  // namespace

ConditionPtr Checker::compare(const ast::Expr& source) {
  if (source.op == Op::none && !source.count) return alone(source);
  auto left = operand(*source.left);
  if (!left) {
    // The right side may hold another unknown name; say so in the same run.
    if (source.right && source.right->key) operand(*source.right);
    return nullptr;
  }
  Condition compared;
  compared.span = source.span;
  compared.op = source.op;
  compared.left = std::move(*left);
  if (source.count) {
    if (!compared.left.many || compared.left.is_set()) {
      return error(source.left->span,
                   fmt::format("{}; only what is several can be counted", describe(compared.left)),
                   compared.left.type == Type::number ? "leave \"count of\" out" : "");
    }
    compared.count = true;
    compared.left.many = false;
    compared.left.type = Type::number;
    if (source.op == Op::none) {
      return error(source.span, "a count is no condition by itself",
                   fmt::format("write: count of {} >= 1", source.left->text));
    }
  } else if (compared.left.is_set()) {
    return error(source.left->span,
                 fmt::format("{}; nothing is asked of it", describe(compared.left)),
                 source.op == Op::contains
                     ? fmt::format("write it the other way round: … in {}", source.left->text)
                     : fmt::format("write: … in {}", source.left->text));
  }
  if (!compare(source, compared)) return nullptr;
  return std::make_shared<const Condition>(std::move(compared));
}

bool Checker::compare(const ast::Expr& source, Condition& into) {
  switch (source.op) {
    case Op::is:
    case Op::is_not:
      return equals(source, into);
    case Op::in:
    case Op::not_in:
      return is_in(source, into);
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return ordered(source, into);
    case Op::contains:
    case Op::starts_with:
    case Op::ends_with:
    case Op::matches:
      return textual(source, into);
    case Op::present:
    case Op::absent:
      return presence(source, into);
    case Op::exceeded:
      if (into.left.kind == Operand::Kind::limit && into.left.member == Operand::Member::none) {
        if (!out_.limits[into.left.index].share) return true;
        error(source.span, fmt::format("\"{}\" is a share, which is compared", source.left->text),
              fmt::format("write: {} > 50%", source.left->text));
        return false;
      }
      error(source.left->span, fmt::format("{}; only limits are exceeded", describe(into.left)));
      return false;
    case Op::none:
      break;
  }
  return false;
}

// Several values at once are asked one by one, or by `contains`.
bool Checker::single(const Operand& left, Op op) {
  if (!left.many) return true;
  const auto name = sources_.text(left.span);
  std::string hint = fmt::format("write: {} contains …, or count of {} …", name, name);
  if (left.type == Type::address) {
    hint = fmt::format("write: any address in {} where (address {} …)", name, to_string(op));
  }
  error(left.span, fmt::format("{}, which \"{}\" cannot ask", describe(left), to_string(op)), hint);
  return false;
}

bool Checker::equals(const ast::Expr& source, Condition& into) {
  if (into.left.type == Type::boolean) {
    const bool yes =
        (source.right->text == "true" || source.right->text == "yes") == (source.op == Op::is);
    error(source.span, fmt::format("\"{}\" is a condition already", source.left->text),
          yes ? fmt::format("write: {}", source.left->text)
              : fmt::format("write: not {}", source.left->text));
    return false;
  }
  if (!single(into.left, source.op)) return false;
  const auto& right = *source.right;
  // Words of a closed set win over names: part.kind is program.
  const bool fixed = !words_of(into.left.type).empty() && is_plain_word(right) &&
                     (read_constant(into.left.type, right.text) || !is_name(right));
  if (fixed || (!is_name(right) && right.kind != ast::Value::Kind::header && !right.key)) {
    const bool word_for_text = into.left.type == Type::text && right.kind == ast::Value::Kind::word;
    if (word_for_text) {
      error(right.span, fmt::format("{}, which is compared with a text", describe(into.left)),
            fmt::format("write \"{}\" in quotes", right.text));
      return false;
    }
    if (right.kind == ast::Value::Kind::address && right.text.empty()) {
      operand(right);
      return false;
    }
    if (into.left.type == Type::ip && read_constant(Type::network, right.text) &&
        !read_constant(Type::ip, right.text)) {
      error(right.span, fmt::format("\"{}\" is a network", right.text),
            "write \"in\" instead of \"is\"");
      return false;
    }
    if (into.left.type == Type::address && right.text.find('@') == std::string::npos &&
        read_constant(Type::domain, right.text)) {
      error(right.span, fmt::format("{} and \"{}\" is a domain", describe(into.left), right.text),
            fmt::format("did you mean \"{}.domain\"?", source.left->text));
      return false;
    }
    into.right = constant(into.left.type, right);
    return into.right.has_value();
  }
  auto value = operand(right);
  if (!value) return false;
  if (value->is_set()) {
    error(source.op_span, fmt::format("{}; \"is\" compares with one value", describe(*value)),
          source.op == Op::is ? "write \"in\"" : "write \"not in\"");
    return false;
  }
  if (value->type != into.left.type || value->many) {
    error(right.span, fmt::format("{}, and {}", describe(into.left), describe(*value)),
          "the two are never the same");
    return false;
  }
  into.right = std::move(value);
  return true;
}

bool Checker::is_in(const ast::Expr& source, Condition& into) {
  if (!single(into.left, source.op)) return false;
  const auto& right = *source.right;
  if (!is_name(right) && !right.key && right.kind == ast::Value::Kind::word &&
      into.left.type == Type::ip && is_digit(right.text[0])) {
    into.right = constant(Type::network, right);
    return into.right.has_value();
  }
  if (right.kind == ast::Value::Kind::word && !is_name(right) && !right.key &&
      find(right.text.substr(0, right.text.find('.'))) == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& [name, symbol] : symbols_) {
      if (symbol.kind == Named::list || symbol.kind == Named::map) names.push_back(name);
    }
    auto hint = did_you_mean(right.text, names);
    if (const auto near = closest(right.text, names)) {
      const auto& symbol = symbols_.find(*near)->second;
      hint += fmt::format(" ({} of {}, {})", symbol.kind == Named::list ? "list" : "map",
                          plural(symbol.kind == Named::list ? out_.lists[symbol.index].type
                                                            : out_.maps[symbol.index].key),
                          at(symbol.span));
    } else if (right.text.find_first_of(".@") != std::string::npos) {
      hint = "one value is compared with \"is\"";
    }
    error(right.span, fmt::format("no list named \"{}\"", right.text), hint);
    return false;
  }
  auto set = operand(right);
  if (!set) return false;
  const bool network = set->type == Type::network && !set->is_set();
  if (!set->is_set() && !set->many && !network) {
    error(right.span, fmt::format("{}; \"in\" needs a list", describe(*set)),
          source.op == Op::in ? "write \"is\" or \"contains\"" : "write \"is not\"");
    return false;
  }
  if (!fits(into.left.type, set->type)) {
    std::string hint;
    const auto& name = source.left->text;
    if (into.left.type == Type::address && set->type == Type::domain) {
      hint = fmt::format("did you mean \"{}.domain\"?", name);
    } else if (into.left.type == Type::domain && set->type == Type::address &&
               name.ends_with(".domain")) {
      hint = fmt::format("did you mean \"{}\"?", name.substr(0, name.size() - 7));
    } else if (set->type == Type::network && into.left.type == Type::domain) {
      hint = "did you mean \"client.ip\"?";
    } else if (into.left.type == Type::address && set->type == Type::user) {
      hint = "did you mean \"auth.user\"?";
    } else if (into.left.type == Type::text && name.ends_with(".name") &&
               set->type == Type::extension) {
      hint = fmt::format("did you mean \"{}.extension\"?", name.substr(0, name.size() - 5));
    }
    error(source.left->span, fmt::format("{}, but {}", describe(into.left), describe(*set)), hint);
    return false;
  }
  into.right = std::move(set);
  return true;
}

bool Checker::ordered(const ast::Expr& source, Condition& into) {
  if (!single(into.left, source.op)) return false;
  if (into.left.kind == Operand::Kind::limit && into.left.member == Operand::Member::none &&
      !out_.limits[into.left.index].share) {
    error(source.span,
          fmt::format("\"{}\" is a limit, which is exceeded or not", source.left->text),
          fmt::format("write: {} exceeded, or {}.count", source.left->text, source.left->text));
    return false;
  }
  if (!is_ordered(into.left.type)) {
    error(source.op_span,
          fmt::format("{}, which is not less or more than another", describe(into.left)),
          into.left.type == Type::text ? "a text has no size; message.size has"
                                       : "write \"is\" or \"is not\"");
    return false;
  }
  const auto& right = *source.right;
  if (!is_name(right)) {
    into.right = constant(into.left.type, right);
    return into.right.has_value();
  }
  auto value = operand(right);
  if (!value) return false;
  if (value->type != into.left.type) {
    error(right.span, fmt::format("{}, and {}", describe(into.left), describe(*value)));
    return false;
  }
  into.right = std::move(value);
  return true;
}

bool Checker::textual(const ast::Expr& source, Condition& into) {
  if (source.op == Op::contains && into.left.many) return contains_one(source, into);
  if (!single(into.left, source.op)) return false;
  if (!is_textual(into.left.type)) {
    std::string hint = "write \"is\"";
    if (into.left.type == Type::ip || into.left.type == Type::network)
      hint = "write: in 192.0.2.0/24";
    error(source.left->span, fmt::format("{}, not a text", describe(into.left)), hint);
    return false;
  }
  if (source.op == Op::matches) {
    const bool lower = into.left.type == Type::domain || into.left.type == Type::extension ||
                       into.left.type == Type::media_type;
    const auto compiled = regex(*source.regex, lower);
    if (compiled) into.regex = *compiled;
    return compiled.has_value();
  }
  const auto& right = *source.right;
  if (right.kind == ast::Value::Kind::text) {
    if (right.text.empty()) {
      error(right.span, "every text contains the empty one");
      return false;
    }
    into.right = constant(Type::text, right);
    return into.right.has_value();
  }
  if (!is_name(right)) {
    if (right.kind == ast::Value::Kind::word && !right.key) {
      error(right.span, fmt::format("\"{}\" is not a text", right.text),
            fmt::format("write \"{}\" in quotes", right.text));
      return false;
    }
    return operand(right) && error(right.span, "this is not a text") != nullptr;
  }
  auto value = operand(right);
  if (!value) return false;
  const bool words = value->kind == Operand::Kind::list &&
                     (value->type == Type::word || value->type == Type::domain) &&
                     source.op == Op::contains;
  if (!words && (value->is_set() || value->many || !is_textual(value->type))) {
    error(right.span,
          fmt::format("{}; \"{}\" takes a text{}", describe(*value), to_string(source.op),
                      source.op == Op::contains ? " or a list of words" : ""));
    return false;
  }
  into.right = std::move(value);
  return true;
}

bool Checker::contains_one(const ast::Expr& source, Condition& into) {
  const auto& right = *source.right;
  if (is_name(right)) {
    auto value = operand(right);
    if (!value) return false;
    if (value->type != into.left.type || value->many) {
      error(right.span, fmt::format("{}, but {}", describe(into.left), describe(*value)));
      return false;
    }
    into.right = std::move(value);
    return true;
  }
  if (into.left.type == Type::text && right.kind != ast::Value::Kind::text) {
    error(right.span, fmt::format("\"{}\" is not a text", right.text),
          fmt::format("write \"{}\" in quotes", right.text));
    return false;
  }
  into.right = constant(into.left.type, right);
  return into.right.has_value();
}

bool Checker::presence(const ast::Expr& source, Condition& into) {
  const bool value =
      into.left.kind == Operand::Kind::value || into.left.kind == Operand::Kind::header;
  if (value && into.left.type != Type::boolean && !into.count) return true;
  const bool present = source.op == Op::present;
  if (into.left.type == Type::boolean) {
    error(source.span, fmt::format("\"{}\" is never absent: it is yes or no", source.left->text),
          present ? fmt::format("write: {}", source.left->text)
                  : fmt::format("write: not {}", source.left->text));
  } else {
    error(source.left->span, fmt::format("{}, which is always there", describe(into.left)));
  }
  return false;
}

}  // namespace sekisho::rules
