// Record: an SPF record parsed whole (RFC 7208 sections 4.6, 5, 6 and 12), so that an error
// anywhere is known before anything is evaluated. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "filters/spf/macro.h"
#include "gateway/base/error.h"
#include "gateway/base/ip.h"

namespace sekisho::spf {

enum class Qualifier : std::uint8_t { pass, fail, softfail, neutral };
enum class Mechanism : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };

// One directive: "-a:example.com/24//64".
struct Directive {
  Mechanism mechanism = Mechanism::all;
  Qualifier qualifier = Qualifier::pass;
  std::optional<MacroString> domain;  // none: the domain under evaluation
  int prefix4 = 32;                   // of a, mx, ip4
  int prefix6 = 128;                  // of a, mx, ip6
  // Of ip4 and ip6. None: a network that no client can be in (an IPv4-mapped one in ip6).
  std::optional<IpAddress> network;
};

struct Record {
  std::vector<Directive> directives;
  std::optional<MacroString> redirect;
  std::optional<MacroString> explanation;  // exp=
};

// Is this TXT record an SPF record: "v=spf1" and then a blank or the end (section 4.5)?
bool is_spf_record(std::string_view text);

// ErrorKind::invalid with the term that is wrong: permerror.
Result<Record> parse_record(std::string_view text);

}  // namespace sekisho::spf
