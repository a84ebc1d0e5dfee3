// Constants as they are written, by type.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "rules/check/type.h"

namespace sekisho::rules {
namespace {

std::unexpected<Error> wrong(std::string what, std::string_view way_out = {}) {
  if (!way_out.empty()) what += fmt::format("\n{}", way_out);
  return fail(ErrorKind::invalid, std::move(what));
}

std::unexpected<Error> wrong(Type type) {
  return wrong(fmt::format("is not {}", to_string(type)),
               fmt::format("{} is written as in {}", to_string(type), example_of(type)));
}

bool all_of(std::string_view text, bool (*good)(char)) {
  return !text.empty() && std::ranges::all_of(text, good);
}

std::optional<double> read_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const auto whole = parse_uint(text.substr(0, point));
  if (!whole || *whole > 1'000'000'000'000'000) return std::nullopt;
  auto value = static_cast<double>(*whole);
  if (point != std::string_view::npos) {
    const auto digits = text.substr(point + 1);
    const auto part = digits.size() <= 9 ? parse_uint(digits) : std::nullopt;
    if (!part) return std::nullopt;
    value += static_cast<double>(*part) / std::pow(10.0, static_cast<double>(digits.size()));
  }
  return negative ? -value : value;
}

Result<Constant> read_size(std::string_view written) {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  static constexpr std::array<Unit, 10> units = {{{"b", 1},
                                                  {"kb", 1000},
                                                  {"mb", 1'000'000},
                                                  {"gb", 1'000'000'000},
                                                  {"k", 1000},
                                                  {"m", 1'000'000},
                                                  {"g", 1'000'000'000},
                                                  {"kib", 1UL << 10U},
                                                  {"mib", 1UL << 20U},
                                                  {"gib", 1UL << 30U}}};
  const auto digits = std::min(written.find_first_not_of("0123456789"), written.size());
  const auto number = parse_uint(written.substr(0, digits));
  if (!number) return wrong(Type::size);
  if (digits == written.size()) {
    return wrong("is a number without a unit, not a size",
                 fmt::format("write {}MB, {}KB or {}B", written, written, written));
  }
  for (const auto& unit : units) {
    if (!iequals(written.substr(digits), unit.name)) continue;
    if (*number > (1ULL << 50U) / unit.bytes) return wrong("is too large a size");
    return Constant{Type::size, *number * unit.bytes};
  }
  return wrong("has no unit of a size", "units are B, KB, MB, GB, KiB, MiB, GiB");
}

Result<Constant> read_date(std::string_view written) {
  const auto parts = split(written, '-');
  if (parts.size() != 3 || parts[0].size() != 4 || parts[1].size() != 2 || parts[2].size() != 2) {
    return wrong("is not a date", "a date is written year-month-day: 2027-01-31");
  }
  const auto year = parse_uint(parts[0]);
  const auto month = parse_uint(parts[1]);
  const auto day = parse_uint(parts[2]);
  if (!year || !month || !day) return wrong(Type::date);
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970) return wrong("is no day of the calendar");
  return Constant{Type::date, static_cast<std::uint64_t>(
                                  std::chrono::sys_days(date).time_since_epoch().count())};
}

Result<Constant> read_clock(std::string_view written) {
  const auto parts = split(written, ':');
  if (parts.size() != 2 || parts[0].empty() || parts[0].size() > 2 || parts[1].size() != 2) {
    return wrong(Type::clock);
  }
  const auto hour = parse_uint(parts[0]);
  const auto minute = parse_uint(parts[1]);
  if (!hour || !minute || *hour > 23 || *minute > 59) return wrong("is no time of day");
  return Constant{Type::clock, *hour * 60 + *minute};
}

Result<Constant> read_domain(std::string_view written) {
  if (written.find('@') != std::string_view::npos) {
    const auto domain = written.substr(written.find('@') + 1);
    return wrong("is an address, not a domain",
                 domain.empty() ? "" : fmt::format("the domain alone is {}", domain));
  }
  auto rest = written;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  if (rest.ends_with('.')) return wrong("ends with a dot", "leave the dot out");
  if (rest.find('*') != std::string_view::npos) {
    return wrong("has a * in the middle", "*.example.com stands for all domains below example.com");
  }
  if (rest.empty() || rest.size() > 253 || !is_utf8(rest)) return wrong(Type::domain);
  for (const auto label : split(rest, '.')) {
    const bool good =
        !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
        std::ranges::all_of(label, [](char c) {
          return is_alnum(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
        });
    if (!good) {
      return label.empty() ? wrong("has an empty label", "two dots, or one at the beginning")
                           : wrong(fmt::format("has a label that is none: \"{}\"", label));
    }
  }
  if (rest.find_first_not_of("0123456789.") == rest.npos && rest.find('.') != rest.npos) {
    return wrong("is an IP address, not a domain");
  }
  return Constant{Type::domain, to_lower(written)};
}

Result<Constant> read_address(std::string_view written) {
  if (written.starts_with('<') && written.ends_with('>'))
    written = written.substr(1, written.size() - 2);
  const auto at = written.rfind('@');
  if (at == std::string_view::npos) {
    return wrong("is not an address: it has no @",
                 fmt::format("all addresses of a domain are written @{}", written));
  }
  const auto local = written.substr(0, at);
  if (local.find('@') != std::string_view::npos) return wrong("has two @");
  if (local.find('*') != std::string_view::npos) {
    return wrong("has a * before the @", "all addresses of a domain are written @example.com");
  }
  if (local.size() > 64 || local.find_first_of(" \t<>\"\\,;:") != std::string_view::npos) {
    return wrong(Type::address);
  }
  if (at + 1 == written.size()) return wrong("has nothing behind its @");
  const auto domain = read_domain(written.substr(at + 1));
  if (!domain) return domain;
  return Constant{Type::address, fmt::format("{}@{}", local, std::get<std::string>(domain->value))};
}

Result<Constant> read_word(Type type, std::string_view written) {
  if (written.empty()) return wrong("is empty");
  if (!is_utf8(written) || std::ranges::any_of(written, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
      })) {
    return wrong(type);
  }
  return Constant{type, std::string(written)};
}

Result<Constant> read_extension(std::string_view written) {
  if (written.starts_with('.') || written.starts_with("*.")) {
    return wrong("begins with a dot",
                 fmt::format("write {}", written.substr(written.find('.') + 1)));
  }
  if (!all_of(written, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '+'; })) {
    return wrong(written.find('.') == std::string_view::npos
                     ? "is not an extension"
                     : "has a dot in it: an extension is what stands behind the last one");
  }
  return Constant{Type::extension, to_lower(written)};
}

Result<Constant> read_media_type(std::string_view written) {
  const auto parts = split(written, '/');
  const auto good = [](char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '+' || c == '_' || c == '*';
  };
  if (parts.size() != 2 || !all_of(parts[0], good) || !all_of(parts[1], good)) {
    return wrong(Type::media_type);
  }
  return Constant{Type::media_type, to_lower(written)};
}

Result<Constant> read_key(std::string_view written) {
  const auto colon = written.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == written.size()) {
    return wrong("is not a key", "a key is written selector:/path/to/key");
  }
  return Constant{Type::key, std::string(written)};
}

Result<Constant> read_choice(Type type, std::string_view written) {
  const auto word = to_lower(written);
  const auto& words = words_of(type);
  if (std::ranges::find(words, word) != words.end()) return Constant{type, word};
  const auto near = closest(word, words);
  return wrong(fmt::format("is not {}", to_string(type)),
               near ? fmt::format("did you mean \"{}\"?", *near)
                    : fmt::format("one of {}", fmt::join(words, ", ")));
}

}  // namespace

Result<std::uint64_t> read_duration(std::string_view written) {
  std::uint64_t total = 0;
  auto rest = written;
  if (rest.empty() || !is_digit(rest[0])) return wrong(Type::duration);
  while (!rest.empty()) {
    const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const auto number = parse_uint(rest.substr(0, digits));
    if (!number) return wrong(Type::duration);
    rest.remove_prefix(digits);
    if (rest.empty()) {
      return wrong("is a number without a unit, not a time",
                   fmt::format("write {}s, {}m, {}h or {}d", written, written, written, written));
    }
    const auto unit = rest.substr(0, std::min(rest.find_first_of("0123456789"), rest.size()));
    rest.remove_prefix(unit.size());
    const std::uint64_t ms = unit == "s"   ? 1000
                             : unit == "m" ? 60'000
                             : unit == "h" ? 3'600'000
                             : unit == "d" ? 86'400'000
                             : unit == "w" ? 604'800'000
                                           : 0;
    if (ms == 0) {
      const char first = ascii_lower(unit[0]);
      const bool known = std::string_view("smhdw").find(first) != std::string_view::npos;
      return wrong(fmt::format("has no unit of time: \"{}\"", unit),
                   known && unit != "ms" ? fmt::format("write {}{}", *number, first)
                                         : std::string("units are s m h d w"));
    }
    if (*number > 1'000'000) return wrong("is too long a time");
    total += *number * ms;
  }
  return total;
}

Result<Constant> read_constant(Type type, std::string_view written) {
  switch (type) {
    case Type::number: {
      const auto number = read_number(written);
      if (number) return Constant{type, *number};
      if (written.ends_with('%')) return wrong("is a percentage, not a number", "leave out the %");
      return wrong(type);
    }
    case Type::percent: {
      if (!written.ends_with('%')) {
        return wrong("is not a percentage",
                     read_number(written) ? fmt::format("write {}%", written) : "as in 50%");
      }
      const auto number = read_number(written.substr(0, written.size() - 1));
      if (!number) return wrong(type);
      if (*number < 0 || *number > 100) return wrong("is outside of 0% to 100%");
      return Constant{type, *number};
    }
    case Type::size:
      return read_size(written);
    case Type::duration: {
      const auto ms = read_duration(written);
      if (!ms) return std::unexpected(ms.error());
      return Constant{type, *ms};
    }
    case Type::date:
      return read_date(written);
    case Type::clock:
      return read_clock(written);
    case Type::address:
      return read_address(written);
    case Type::domain:
      return read_domain(written);
    case Type::ip: {
      const auto ip = IpAddress::parse(written);
      if (!ip) return wrong(type);
      return Constant{type, *ip};
    }
    case Type::network: {
      const auto network = Network::parse(written);
      if (!network) return wrong("is not a network", network.error().text);
      return Constant{type, *network};
    }
    case Type::country:
      if (written.size() != 2 || !all_of(written, is_alpha)) {
        return wrong("is not a country", "two letters (ISO 3166): DE");
      }
      return Constant{type, to_upper(written)};
    case Type::extension:
      return read_extension(written);
    case Type::media_type:
      return read_media_type(written);
    case Type::hash:
      if (written.size() != 64 || !all_of(written, [](char c) {
            return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
          })) {
        return wrong(
            fmt::format("is not a SHA-256 sum: it has {} characters, not 64 hexadecimal digits",
                        written.size()));
      }
      return Constant{type, to_lower(written)};
    case Type::key:
      return read_key(written);
    case Type::weekday:
    case Type::part_kind:
    case Type::verdict:
      return read_choice(type, written);
    case Type::text:
    case Type::word:
    case Type::user:
      return read_word(type, written);
    case Type::boolean:
      break;
  }
  return wrong(type);
}

}  // namespace sekisho::rules
