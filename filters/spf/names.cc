#include "filters/spf/names.h"

#include <algorithm>
#include <iterator>
#include <ranges>

#include <fmt/format.h>

#include "gateway/base/idna.h"
#include "gateway/base/text.h"

namespace sekisho::spf {

std::string normal_name(std::string_view name) {
  auto normal = to_lower(name);
  if (normal.ends_with('.')) normal.pop_back();
  return normal;
}

std::string ascii_name(std::string_view name) {
  const bool ascii =
      std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 128; });
  if (ascii) return std::string(name);
  return to_idna(name).value_or(std::string(name));
}

bool is_lookup_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  return std::ranges::all_of(split(name, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= 63 &&
           std::ranges::all_of(label, [](char c) { return c >= ' ' && c <= '~'; });
  });
}

bool is_domain(std::string_view name) {
  return is_lookup_name(name) && name.contains('.') && !name.starts_with('[');
}

std::string nibbles(const IpAddress& address) {
  std::string text;
  for (const auto byte : address.bytes()) {
    fmt::format_to(std::back_inserter(text), "{:X}.{:X}.", byte >> 4U, byte & 15U);
  }
  text.pop_back();
  return text;
}

}  // namespace sekisho::spf
