// MacroString: the macro language of RFC 7208 section 7, parsed once and expanded with the values
// of one evaluation. Pure. What doesn't follow the grammar is not parsed: the caller says
// permerror.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"

namespace sekisho::spf {

// What the macro letters stand for (section 7.2).
struct MacroValues {
  std::string_view sender;     // %{s}, and %{l} and %{o}: local-part@domain
  std::string_view domain;     // %{d}: the domain under evaluation
  std::string_view helo;       // %{h}
  std::string_view validated;  // %{p}: the client's validated name, or "unknown"
  std::string_view receiver;   // %{r}: our own name
  IpAddress client;            // %{i}, %{c}, %{v}
  std::string_view timestamp;  // %{t}: seconds since the epoch, decimal
};

class MacroString {
 public:
  enum class Grammar : std::uint8_t {
    domain_spec,  // where a domain name is wanted: ends in a top label or a macro; no c, r, t
    modifier,     // an unknown modifier's value: any macro-string
    explanation,  // the text that exp= names: blanks, and the letters c, r, t
  };

  // nullopt: the text breaks the grammar.
  static std::optional<MacroString> parse(std::string_view text, Grammar grammar);

  // Does it hold %{p}, for which the caller has to look names up?
  [[nodiscard]] bool needs_validated_name() const;

  [[nodiscard]] std::string expand(const MacroValues& values) const;
  // The expansion as a name to look up: without its last dot, in lower case, and without as many
  // labels on the left as make it too long (section 7.3).
  [[nodiscard]] std::string expand_domain(const MacroValues& values) const;

 private:
  struct Part {
    std::string text;     // of a literal, whose letter is 0
    char letter = 0;      // lower case
    bool escape = false;  // an upper case letter: URL-escaped
    bool reverse = false;
    std::size_t keep = 0;    // labels kept from the right; 0: all
    std::string delimiters;  // empty: "."
  };

  static std::optional<Part> parse_macro(std::string_view body, bool in_explanation);
  static std::string expand_part(const Part& part, const MacroValues& values);

  std::vector<Part> parts_;
};

}  // namespace sekisho::spf
