// From what is written to what has a value.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

using Kind = Operand::Kind;
using Member = Operand::Member;

struct MemberInfo {
  std::string_view name;
  Member member;
  Type type;
};
constexpr std::array<MemberInfo, 2> kCountMembers = {
    {{"wait", Member::wait, Type::duration}, {"count", Member::count, Type::number}}};
constexpr std::array<MemberInfo, 3> kShareMembers = {{{"percent", Member::percent, Type::percent},
                                                      {"total", Member::total, Type::number},
                                                      {"count", Member::count, Type::number}}};
constexpr std::array<MemberInfo, 3> kPatternMembers = {{{"score", Member::score, Type::number},
                                                        {"count", Member::count, Type::number},
                                                        {"matched", Member::matched, Type::text}}};

std::string_view head_of(std::string_view name) { return name.substr(0, name.find('.')); }

}  // namespace

bool Checker::is_name(const ast::Value& source) const {
  return source.kind == ast::Value::Kind::word &&
         (symbols_.contains(head_of(source.text)) || find_value(source.text) != nullptr);
}

std::string Checker::describe(const Operand& operand) const {
  const auto name = sources_.text(operand.span).substr(0, 60);
  switch (operand.kind) {
    case Kind::list:
      return fmt::format("\"{}\" is a list of {}", name, plural(operand.type));
    case Kind::map:
      return fmt::format("\"{}\" is a map of {}", name, plural(operand.type));
    case Kind::lookup:
      return fmt::format("\"{}\" are {}", name, plural(operand.type));
    default:
      return operand.many ? fmt::format("\"{}\" are several {}", name, plural(operand.type))
                          : fmt::format("\"{}\" is {}", name, to_string(operand.type));
  }
}

std::optional<Operand> Checker::constant(Type type, const ast::Value& source) {
  Operand operand;
  operand.span = source.span;
  operand.type = type;
  auto read = read_constant(type, source.text);
  if (!read) {
    const auto end = read.error().text.find('\n');
    error(source.span, fmt::format("\"{}\" {}", source.text, read.error().text.substr(0, end)),
          end == std::string::npos ? "" : read.error().text.substr(end + 1));
    return std::nullopt;
  }
  operand.constant = std::move(*read);
  return operand;
}

std::optional<Operand> Checker::operand(const ast::Value& source) {
  switch (source.kind) {
    case ast::Value::Kind::text:
      return constant(Type::text, source);
    case ast::Value::Kind::address:
      if (source.text.empty()) {
        error(source.span, "<> is not an address", "the empty sender is: mail.from is absent");
        return std::nullopt;
      }
      return constant(Type::address, source);
    case ast::Value::Kind::header: {
      Operand operand;
      operand.kind = Kind::header;
      operand.from = Stage::message;
      operand.header = source.text;
      operand.span = source.span;
      if (!header_name({source.text, source.span, true})) return std::nullopt;
      return operand;
    }
    case ast::Value::Kind::word:
      return named(source);
  }
  return std::nullopt;
}

std::optional<Operand> Checker::named(const ast::Value& source) {
  const auto head = head_of(source.text);
  if (Symbol* symbol = find(head)) {
    symbol->used = true;
    if (source.key) return lookup(source, *symbol);
    const auto rest = head.size() == source.text.size()
                          ? std::string_view()
                          : std::string_view(source.text).substr(head.size() + 1);
    return member(source, *symbol, rest);
  }
  if (const auto* value = find_value(source.text)) {
    if (source.key) {
      error(source.span, fmt::format("\"{}\" is no map", source.text), "only maps are looked up");
      return std::nullopt;
    }
    Operand operand;
    operand.kind = Kind::value;
    operand.value = value;
    operand.type = value->type;
    operand.many = value->many;
    operand.from = value->from;
    operand.span = source.span;
    return operand;
  }
  for (const Type type : {Type::number, Type::percent, Type::date, Type::clock}) {
    if (!source.text.empty() && (is_digit(source.text[0]) || source.text[0] == '-') &&
        !source.key && read_constant(type, source.text)) {
      return constant(type, source);
    }
  }
  for (const Type type : {Type::size, Type::duration}) {
    if (!source.text.empty() && is_digit(source.text[0]) && read_constant(type, source.text)) {
      return constant(type, source);
    }
  }
  std::string hint = suggest_name(source.text);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> elsewhere = {
      {{"sender", "did you mean \"mail.from\"?"},
       {"from", "did you mean \"mail.from\" or \"header.from\"?"},
       {"recipient", "did you mean \"rcpt\"?"},
       {"to", "did you mean \"rcpt\" or \"header.to\"?"},
       {"ip", "did you mean \"client.ip\"?"},
       {"body", "did you mean \"text\"?"},
       {"user", "did you mean \"auth.user\"?"},
       {"now", "did you mean \"time\"?"},
       {"true", "a condition stands alone, without true"},
       {"false", "write \"not\" before the condition"}}};
  for (const auto& [word, meant] : elsewhere) {
    if (source.text == word) hint = meant;
  }
  if (head == "header") {
    hint = fmt::format("any field is written header \"{}\"",
                       source.text.size() > 7 ? source.text.substr(7) : "Name");
  }
  const bool part = find_item(head) != nullptr || find_value(head) != nullptr;
  if (part && hint.empty()) {
    std::string names;
    for (const auto& value : all_values()) {
      if (value.name.starts_with(std::string(head) + ".")) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", value.name);
      }
    }
    if (!names.empty()) hint = fmt::format("there are {}", names);
  }
  error(source.span, fmt::format("nothing is named \"{}\"", source.text), hint);
  return std::nullopt;
}

std::optional<Operand> Checker::member(const ast::Value& source, Symbol& symbol,
                                       std::string_view rest) {
  Operand operand;
  operand.index = symbol.index;
  operand.span = source.span;
  const auto pick = [&](auto& members) {
    std::vector<std::string_view> names;
    for (const auto& info : members) {
      names.push_back(info.name);
      if (info.name != rest) continue;
      operand.member = info.member;
      operand.type = info.type;
      operand.many = info.member == Member::matched;
      return true;
    }
    const auto near = closest(rest, names);
    error(source.span, fmt::format("\"{}\" has no \"{}\"", head_of(source.text), rest),
          near ? fmt::format("did you mean \"{}.{}\"?", head_of(source.text), *near)
               : fmt::format("it has {}", fmt::join(names, ", ")));
    return false;
  };
  switch (symbol.kind) {
    case Named::limit: {
      const Limit& limit = out_.limits[symbol.index];
      operand.kind = Kind::limit;
      operand.from = limit.from;
      operand.type = limit.share ? Type::percent : Type::number;
      if (rest.empty()) return operand;
      if (!(limit.share ? pick(kShareMembers) : pick(kCountMembers))) return std::nullopt;
      return operand;
    }
    case Named::patterns:
      operand.kind = Kind::patterns;
      operand.from = Stage::message;
      operand.type = Type::number;
      if (rest.empty()) {
        error(source.span, fmt::format("\"{}\" are patterns, not a value", source.text),
              fmt::format("write: any of {} match, or {}.score", source.text, source.text));
        return std::nullopt;
      }
      if (!pick(kPatternMembers)) return std::nullopt;
      return operand;
    case Named::list:
      operand.kind = Kind::list;
      operand.type = out_.lists[symbol.index].type;
      operand.many = true;
      break;
    case Named::map:
      operand.kind = Kind::map;
      operand.type = out_.maps[symbol.index].key;
      operand.many = true;
      break;
    case Named::score:
      operand.kind = Kind::score;
      operand.type = Type::number;
      break;
    case Named::define:
      error(source.span, fmt::format("\"{}\" is a condition, not a value", head_of(source.text)),
            "it stands alone");
      return std::nullopt;
  }
  if (!rest.empty()) {
    error(source.span, fmt::format("\"{}\" has no parts", head_of(source.text)));
    return std::nullopt;
  }
  return operand;
}

std::optional<Operand> Checker::lookup(const ast::Value& source, Symbol& symbol) {
  if (symbol.kind != Named::map) {
    error(source.span, fmt::format("\"{}\" is no map", source.text), "only maps are looked up");
    return std::nullopt;
  }
  const Map& map = out_.maps[symbol.index];
  auto key = is_name(*source.key) || source.key->kind == ast::Value::Kind::header
                 ? operand(*source.key)
                 : constant(map.key, *source.key);
  if (!key) return std::nullopt;
  const bool fits = key->type == map.key || (map.key == Type::word && is_textual(key->type));
  if (!fits || key->many) {
    error(source.key->span,
          fmt::format("{}, but the keys of \"{}\" are {}", describe(*key), source.text,
                      plural(map.key)),
          key->many ? "it takes one key"
          : key->type == Type::address && map.key == Type::domain
              ? fmt::format("did you mean \"{}.domain\"?", source.key->text)
              : "");
    return std::nullopt;
  }
  Operand operand;
  operand.kind = Kind::lookup;
  operand.type = map.value;
  operand.many = true;
  operand.from = key->from;
  operand.index = symbol.index;
  operand.span = source.span;
  operand.key = std::make_shared<const Operand>(std::move(*key));
  return operand;
}

}  // namespace sekisho::rules
