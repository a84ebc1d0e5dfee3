#include "gateway/login_helper/ldap_text.h"

#include <fmt/format.h>

#include "gateway/base/text.h"

namespace sekisho::login {
namespace {

constexpr std::string_view kMark = "{user}";

// What is above ASCII is UTF-8 and may stay as it is.
bool is_harmless(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '@' || c == '.' ||
         c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

std::string escape(std::string_view user) {
  std::string escaped;
  for (const char c : user)
    if (is_harmless(c))
      escaped.push_back(c);
    else
      escaped += fmt::format("\\{:02x}", static_cast<unsigned char>(c));
  return escaped;
}

}  // namespace

std::string fill_in(std::string_view pattern, std::string_view user) {
  const std::string value = escape(user);
  std::string filled;
  for (std::size_t at = pattern.find(kMark); at != std::string_view::npos;
       at = pattern.find(kMark)) {
    filled.append(pattern.substr(0, at)).append(value);
    pattern.remove_prefix(at + kMark.size());
  }
  return filled.append(pattern);
}

}  // namespace sekisho::login
