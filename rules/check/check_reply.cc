// Replies to clients, names of header fields, and texts with {values}.
#include <algorithm>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

// Items that the condition names when it is true: those of any … where.
void items_of(const Condition& condition, std::vector<std::string_view>& items) {
  if (condition.kind == Condition::Kind::negation) return;
  if (condition.kind == Condition::Kind::each && condition.quantifier == Quantifier::any) {
    items.push_back(condition.item->name);
  }
  for (const auto& child : condition.children) items_of(*child, items);
}

}  // namespace

bool Checker::reply(const ast::Action& source, Action& into) {
  const bool reject = source.kind == ast::Action::Kind::reject;
  const char digit = reject ? '5' : '4';
  const auto other = reject ? "write \"defer\" for a refusal that may pass"
                            : "write \"reject\" for one that stays";
  into.code = reject ? 550 : 450;
  into.enhanced = reject ? "5.7.1" : "4.7.1";
  bool good = true;
  if (source.code.given()) {
    const auto code = parse_uint(source.code.text);
    if (!code || source.code.text.size() != 3 || source.code.text[1] > '5') {
      error(source.code.span, fmt::format("\"{}\" is no reply code", source.code.text),
            fmt::format("three digits, the first of them {}", digit));
      good = false;
    } else if (source.code.text[0] != digit) {
      error(source.code.span,
            fmt::format("{} replies {}yz, not {}", reject ? "reject" : "defer", digit,
                        source.code.text),
            other);
      good = false;
    } else {
      into.code = static_cast<std::uint16_t>(*code);
    }
  }
  if (source.enhanced.given()) {
    const auto parts = split(source.enhanced.text, '.');
    const bool whole = parts.size() == 3 && parts[0].size() == 1 &&
                       std::ranges::all_of(parts, [](std::string_view part) {
                         return part.size() <= 3 && parse_uint(part);
                       });
    if (!whole) {
      error(source.enhanced.span,
            fmt::format("\"{}\" is no enhanced status code", source.enhanced.text),
            fmt::format("three numbers (RFC 3463), as in {}.7.1", digit));
      good = false;
    } else if (source.enhanced.text[0] != digit) {
      error(source.enhanced.span,
            fmt::format("{} goes with {}.y.z, not {}", reject ? "reject" : "defer", digit,
                        source.enhanced.text),
            fmt::format("write {}{}", digit, source.enhanced.text.substr(1)));
      good = false;
    } else {
      into.enhanced = source.enhanced.text;
    }
  }
  if (source.text.text.find_first_of("\r\n") != std::string::npos) {
    error(source.text.span, "a reply is one line");
    good = false;
  }
  return good;
}

bool Checker::header_name(const ast::Word& name) {
  if (name.text.empty() || name.text.size() > 76) {
    error(name.span, "a header field has a name");
    return false;
  }
  const bool good =
      std::ranges::all_of(name.text, [](char c) { return c > ' ' && c < 0x7F && c != ':'; });
  if (good) return true;
  error(
      name.span, fmt::format("\"{}\" is no name of a header field", name.text),
      name.text.ends_with(':') ? "leave the colon out" : "visible ASCII without blanks and colons");
  return false;
}

std::optional<Template> Checker::text(const ast::Word& source, const Rule& rule) {
  Template result;
  std::vector<std::string_view> items;
  if (rule.when) items_of(*rule.when, items);
  const Place place{rule.stage, items, std::nullopt, {}};
  const auto raw = sources_.text(source.span);
  std::string plain;
  bool good = true;
  const auto span_of = [&](std::size_t from, std::size_t to) {
    return Span{source.span.source, source.span.begin + static_cast<std::uint32_t>(from),
                source.span.begin + static_cast<std::uint32_t>(to)};
  };
  for (std::size_t i = 1; i < raw.size() && raw[i] != '"'; ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size()) {
      ++i;
      plain += raw[i] == 'n' ? '\n' : raw[i] == 't' ? '\t' : raw[i];
      continue;
    }
    if (raw[i] != '{' && raw[i] != '}') {
      plain += raw[i];
      continue;
    }
    if (i + 1 < raw.size() && raw[i + 1] == raw[i]) {
      plain += raw[i++];
      continue;
    }
    const auto end = raw[i] == '{' ? raw.find_first_of("{}\"", i + 1) : std::string_view::npos;
    if (end == std::string_view::npos || raw[end] != '}') {
      error(span_of(i, i + 1), fmt::format("this {} stands alone", raw[i]),
            fmt::format("a value is written {{name}}, the character itself {0}{0}", raw[i]));
      good = false;
      continue;
    }
    ast::Value value;
    value.text = std::string(trim(raw.substr(i + 1, end - i - 1)));
    value.span = span_of(i + 1, end);
    if (value.text.empty()) {
      error(span_of(i, end + 1), "there is no value between the braces", "as in {mail.from}");
      good = false;
    } else if (auto operand = this->operand(value)) {
      if (operand->is_set()) {
        error(value.span, fmt::format("{}, which is no text", describe(*operand)));
        good = false;
      }
      known(*operand, place);
      if (!plain.empty()) result.pieces.emplace_back(std::move(plain));
      plain.clear();
      result.pieces.emplace_back(std::move(*operand));
    } else {
      good = false;
    }
    i = end;
  }
  if (!plain.empty()) result.pieces.emplace_back(std::move(plain));
  if (!good) return std::nullopt;
  return result;
}

}  // namespace sekisho::rules
