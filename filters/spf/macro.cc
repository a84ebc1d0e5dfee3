#include "filters/spf/macro.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "filters/spf/names.h"
#include "gateway/base/text.h"

namespace sekisho::spf {
namespace {

constexpr std::string_view kDelimiters = ".-+,/_=";
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kManyLabels = 128;  // more than a domain name can have

// toplabel of RFC 7208 section 7.1: a letter or a dash must be in it, so that no number is one.
bool is_top_label(std::string_view label) {
  if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
  const auto fits = [](char c) { return is_alnum(c) || c == '-'; };
  return std::ranges::all_of(label, fits) && !std::ranges::all_of(label, is_digit);
}

// domain-end: what a literal at the end of a domain-spec must end in.
bool ends_in_top_label(std::string_view literal) {
  if (literal.ends_with('.')) literal.remove_suffix(1);
  const auto dot = literal.rfind('.');
  return dot != std::string_view::npos && is_top_label(literal.substr(dot + 1));
}

std::string url_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (is_alnum(c) || std::string_view("-._~").contains(c)) {
      escaped += c;
    } else {
      fmt::format_to(std::back_inserter(escaped), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::string value_of(char letter, const MacroValues& values) {
  const auto at = values.sender.rfind('@');
  switch (letter) {
    case 's':
      return std::string(values.sender);
    case 'l':
      return std::string(values.sender.substr(0, at));
    case 'o':
      return std::string(at == std::string_view::npos ? values.sender
                                                      : values.sender.substr(at + 1));
    case 'd':
      return std::string(values.domain);
    case 'i':
      return values.client.is_v4() ? values.client.to_string() : nibbles(values.client);
    case 'p':
      return std::string(values.validated);
    case 'v':
      return values.client.is_v4() ? "in-addr" : "ip6";
    case 'h':
      return std::string(values.helo);
    case 'c':
      return values.client.to_string();
    case 'r':
      return std::string(values.receiver);
    default:
      return std::string(values.timestamp);
  }
}

std::vector<std::string_view> split_at_any(std::string_view text, std::string_view delimiters) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto end = text.find_first_of(delimiters);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<MacroString> MacroString::parse(std::string_view text, Grammar grammar) {
  MacroString parsed;
  std::string literal;
  bool ends_in_macro = false;
  const auto close_literal = [&] {
    if (literal.empty()) return;
    parsed.parts_.emplace_back().text = std::move(literal);
    literal.clear();
  };
  while (!text.empty()) {
    const char c = text.front();
    const bool blank = c == ' ' && grammar == Grammar::explanation;
    if (c != '%') {
      if ((c < '!' || c > '~') && !blank) return std::nullopt;
      literal += c;
      text.remove_prefix(1);
      ends_in_macro = false;
      continue;
    }
    ends_in_macro = true;
    const char kind = text.size() > 1 ? text[1] : '\0';
    if (kind == '%' || kind == '_' || kind == '-') {
      literal += kind == '%' ? "%" : kind == '_' ? " " : "%20";
      text.remove_prefix(2);
      continue;
    }
    const auto close = text.find('}');
    if (kind != '{' || close == std::string_view::npos) return std::nullopt;
    auto part = parse_macro(text.substr(2, close - 2), grammar == Grammar::explanation);
    if (!part) return std::nullopt;
    close_literal();
    parsed.parts_.push_back(std::move(*part));
    text.remove_prefix(close + 1);
  }
  if (grammar == Grammar::domain_spec && !ends_in_macro && !ends_in_top_label(literal)) {
    return std::nullopt;
  }
  close_literal();
  return parsed;
}

std::optional<MacroString::Part> MacroString::parse_macro(std::string_view body,
                                                          bool in_explanation) {
  if (body.empty()) return std::nullopt;
  Part part;
  part.letter = ascii_lower(body.front());
  part.escape = part.letter != body.front();
  const std::string_view letters = in_explanation ? "slodiphvcrt" : "slodiphv";
  if (!letters.contains(part.letter)) return std::nullopt;
  body.remove_prefix(1);

  const auto digits = body.substr(
      0, static_cast<std::size_t>(std::ranges::find_if_not(body, is_digit) - body.begin()));
  if (!digits.empty()) {
    // A number too large for us keeps every label, as it should.
    part.keep = static_cast<std::size_t>(
        std::min<std::uint64_t>(parse_uint(digits).value_or(kManyLabels), kManyLabels));
    if (part.keep == 0) return std::nullopt;
    body.remove_prefix(digits.size());
  }
  if (!body.empty() && ascii_lower(body.front()) == 'r') {
    part.reverse = true;
    body.remove_prefix(1);
  }
  if (body.find_first_not_of(kDelimiters) != std::string_view::npos) return std::nullopt;
  part.delimiters = body;
  return part;
}

bool MacroString::needs_validated_name() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.letter == 'p'; });
}

std::string MacroString::expand_part(const Part& part, const MacroValues& values) {
  if (part.letter == 0) return part.text;
  auto value = value_of(part.letter, values);
  if (part.keep != 0 || part.reverse || !part.delimiters.empty()) {
    auto labels = split_at_any(value, part.delimiters.empty() ? "." : part.delimiters);
    if (part.reverse) std::ranges::reverse(labels);
    const auto kept = part.keep == 0 ? labels.size() : std::min(part.keep, labels.size());
    value = fmt::format(
        "{}", fmt::join(labels.end() - static_cast<std::ptrdiff_t>(kept), labels.end(), "."));
  }
  return part.escape ? url_escape(value) : value;
}

std::string MacroString::expand(const MacroValues& values) const {
  std::string text;
  for (const auto& part : parts_) text += expand_part(part, values);
  return text;
}

std::string MacroString::expand_domain(const MacroValues& values) const {
  auto name = to_lower(expand(values));
  if (name.ends_with('.')) name.pop_back();
  while (name.size() > kMaxName) {
    const auto dot = name.find('.');
    if (dot == std::string::npos) break;  // no name at all: is_lookup_name() says so
    name.erase(0, dot + 1);
  }
  return name;
}

}  // namespace sekisho::spf
