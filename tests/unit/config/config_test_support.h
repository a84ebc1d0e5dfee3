// What the tests of the configuration share.
#pragma once

#include <algorithm>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/load.h"

namespace sekisho::config {

// A configuration without a mistake. Its top comes first, its tables may follow anything.
inline constexpr std::string_view kTop = "hostname = \"gw.example.com\"\n";
inline constexpr std::string_view kMx =
    "[listener.in]\naddress = \"127.0.0.1:2525\"\nprofile = \"mx\"\n";
inline constexpr std::string_view kDomains = "[relay]\ndomains = [\"example.com\"]\n";

inline std::string good_config() {
  return std::string(kTop) + std::string(kMx) + std::string(kDomains);
}

inline std::vector<Diagnostic> errors_of(
    const std::expected<Loaded, std::vector<Diagnostic>>& outcome) {
  std::vector<Diagnostic> errors;
  if (outcome) return errors;
  std::ranges::copy_if(outcome.error(), std::back_inserter(errors),
                       [](const Diagnostic& d) { return !d.warning; });
  return errors;
}

inline std::string rendered(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += diagnostic.render();
  return text;
}

// One mistake in a text, and how it must be told.
struct Mistake {
  std::string_view text;
  std::uint32_t line;
  std::uint32_t column;
  std::string_view told;  // a part of the message or of the hint

  friend void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.text; }
};

}  // namespace sekisho::config
