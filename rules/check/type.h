// The types of values, and constants of them. Nothing is converted silently: an address is not a
// domain, a number is not a size. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/base/ip.h"

namespace sekisho::rules {

enum class Type : std::uint8_t {
  boolean,
  number,
  percent,
  size,
  duration,
  date,
  clock,
  text,
  word,
  address,
  domain,
  ip,
  network,
  user,
  weekday,
  country,
  extension,
  part_kind,
  media_type,
  hash,
  key,
  verdict,  // of SPF, DKIM, DMARC
};

struct Constant {
  Type type = Type::text;
  // number, percent: double. size: bytes; duration: milliseconds; date: days since 1970; clock:
  // minutes since midnight. Words are lower-case where their case doesn't matter.
  std::variant<double, std::uint64_t, std::string, IpAddress, Network> value;
  bool operator==(const Constant&) const = default;
};

[[nodiscard]] std::string_view to_string(Type type);  // "an address"
[[nodiscard]] std::string_view plural(Type type);     // "addresses"
[[nodiscard]] std::string_view example_of(Type type);
[[nodiscard]] bool is_ordered(Type type);  // < and > say something
[[nodiscard]] bool is_textual(Type type);  // contains, starts with, matches
// Its words are a closed set: spf is fail.
[[nodiscard]] const std::vector<std::string_view>& words_of(Type type);

// A constant as it is written. The error says what is wrong with it in a sentence without a
// subject: "is no duration"; its way out follows after a newline.
[[nodiscard]] Result<Constant> read_constant(Type type, std::string_view written);

// Bounds of what is written as a time, in milliseconds.
[[nodiscard]] Result<std::uint64_t> read_duration(std::string_view written);

}  // namespace sekisho::rules
