#include "filters/spf/record.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <arpa/inet.h>

#include "gateway/base/text.h"

namespace sekisho::spf {
namespace {

constexpr std::string_view kVersion = "v=spf1";

struct Prefixes {
  std::optional<int> four;
  std::optional<int> six;
};

std::optional<int> parse_prefix(std::string_view digits, int max) {
  const auto number = parse_uint(digits);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (!number || padded || *number > static_cast<std::uint64_t>(max)) return std::nullopt;
  return static_cast<int>(*number);
}

// Takes "/24", "//64" or "/24//64" off the end of `text`; false: there is such an end, and it holds
// a number that is none or too large. What follows a macro only counts: "%{d/}" is no prefix.
bool take_prefixes(std::string_view& text, Prefixes& prefixes) {
  const auto macro = text.rfind('}');
  const auto start = macro == std::string_view::npos ? 0 : macro + 1;
  const auto all_digits = [](std::string_view part) { return std::ranges::all_of(part, is_digit); };
  const auto last_slash = [&] {
    const auto slash = text.rfind('/');
    return slash == std::string_view::npos || slash < start ? std::string_view::npos : slash;
  };
  if (const auto slash = last_slash();
      slash != std::string_view::npos && slash > start && text[slash - 1] == '/') {
    const auto digits = text.substr(slash + 1);
    if (!all_digits(digits)) return true;
    prefixes.six = parse_prefix(digits, 128);
    if (!prefixes.six) return false;
    text = text.substr(0, slash - 1);
  }
  if (const auto slash = last_slash(); slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    if (!all_digits(digits)) return true;
    prefixes.four = parse_prefix(digits, 32);
    if (!prefixes.four) return false;
    text = text.substr(0, slash);
  }
  return true;
}

std::optional<Mechanism> mechanism_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Mechanism>, 8> kNames{{
      {"all", Mechanism::all},
      {"include", Mechanism::include},
      {"a", Mechanism::a},
      {"mx", Mechanism::mx},
      {"ptr", Mechanism::ptr},
      {"ip4", Mechanism::ip4},
      {"ip6", Mechanism::ip6},
      {"exists", Mechanism::exists},
  }};
  for (const auto& [known, mechanism] : kNames) {
    if (iequals(name, known)) return mechanism;
  }
  return std::nullopt;
}

// ":network[/prefix]" of ip4 and ip6. Bits behind the prefix may be set: they don't count.
bool parse_network(std::string_view argument, Directive& directive) {
  const bool v4 = directive.mechanism == Mechanism::ip4;
  const auto slash = argument.find('/');
  const std::string address(argument.substr(0, slash));
  if (slash != std::string_view::npos) {
    const auto prefix = parse_prefix(argument.substr(slash + 1), v4 ? 32 : 128);
    if (!prefix) return false;
    (v4 ? directive.prefix4 : directive.prefix6) = *prefix;
  }
  if (address.contains('\0')) return false;
  if (v4) {
    std::array<std::uint8_t, 4> bytes{};
    if (inet_pton(AF_INET, address.c_str(), bytes.data()) != 1) return false;
    directive.network = IpAddress::v4(bytes);
    return true;
  }
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  // An IPv4-mapped client counts as IPv4 (section 5), so that a mapped network holds nobody, but
  // its prefix may be short enough to hold IPv6 clients as well.
  const auto network = IpAddress::v6(bytes);
  if (!network.is_v4()) directive.network = network;
  if (network.is_v4() && directive.prefix6 < 96) {
    for (int bit = directive.prefix6; bit < 128; ++bit) {
      bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    }
    directive.network = IpAddress::v6(bytes);
  }
  return true;
}

bool parse_argument(std::string_view argument, Directive& directive) {
  const bool has_argument = argument.starts_with(':');
  switch (directive.mechanism) {
    case Mechanism::all:
      return argument.empty();
    case Mechanism::ip4:
    case Mechanism::ip6:
      return has_argument && parse_network(argument.substr(1), directive);
    case Mechanism::include:
    case Mechanism::exists:
      if (!has_argument) return false;
      break;
    case Mechanism::ptr:
      if (argument.empty()) return true;
      break;
    case Mechanism::a:
    case Mechanism::mx: {
      Prefixes prefixes;
      if (!take_prefixes(argument, prefixes)) return false;
      directive.prefix4 = prefixes.four.value_or(32);
      directive.prefix6 = prefixes.six.value_or(128);
      if (argument.empty()) return true;
      break;
    }
  }
  if (!argument.starts_with(':')) return false;
  directive.domain = MacroString::parse(argument.substr(1), MacroString::Grammar::domain_spec);
  return directive.domain.has_value();
}

bool parse_directive(std::string_view term, Record& record) {
  Directive directive;
  constexpr std::string_view kQualifiers = "+-~?";  // in the order of Qualifier
  if (const auto sign = kQualifiers.find(term.front()); sign != std::string_view::npos) {
    directive.qualifier = static_cast<Qualifier>(sign);
    term.remove_prefix(1);
  }
  const auto end = std::min(term.find_first_of(":/"), term.size());
  const auto mechanism = mechanism_of(term.substr(0, end));
  if (!mechanism) return false;
  directive.mechanism = *mechanism;
  if (!parse_argument(term.substr(end), directive)) return false;
  record.directives.push_back(std::move(directive));
  return true;
}

bool is_modifier_name(std::string_view name) {
  const auto fits = [](char c) { return is_alnum(c) || std::string_view("-_.").contains(c); };
  return !name.empty() && is_alpha(name.front()) && std::ranges::all_of(name, fits);
}

// False: it breaks the grammar, or is there a second time (section 6).
bool parse_modifier(std::string_view name, std::string_view value, Record& record) {
  const bool redirect = iequals(name, "redirect");
  if (!redirect && !iequals(name, "exp")) {
    return MacroString::parse(value, MacroString::Grammar::modifier).has_value();
  }
  auto& place = redirect ? record.redirect : record.explanation;
  if (place) return false;
  place = MacroString::parse(value, MacroString::Grammar::domain_spec);
  return place.has_value();
}

bool parse_term(std::string_view term, Record& record) {
  const auto equals = term.find('=');
  const bool modifier =
      equals != std::string_view::npos && is_modifier_name(term.substr(0, equals));
  return modifier ? parse_modifier(term.substr(0, equals), term.substr(equals + 1), record)
                  : parse_directive(term, record);
}

}  // namespace

bool is_spf_record(std::string_view text) {
  return istarts_with(text, kVersion) &&
         (text.size() == kVersion.size() || text[kVersion.size()] == ' ');
}

Result<Record> parse_record(std::string_view text) {
  if (!is_spf_record(text)) return fail(ErrorKind::invalid, "the record isn't v=spf1");
  Record record;
  for (const auto term : split(text.substr(kVersion.size()), ' ')) {
    if (!term.empty() && !parse_term(term, record)) {
      return fail(ErrorKind::invalid, "'" + std::string(term) + "' is no term of SPF");
    }
  }
  return record;
}

}  // namespace sekisho::spf
