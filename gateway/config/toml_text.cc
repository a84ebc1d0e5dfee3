#include "gateway/config/toml_text.h"

#include <fmt/format.h>

namespace sekisho::config {

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\u{:04X}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string toml_list(const std::vector<std::string>& items) {
  std::string result = "[";
  for (const std::string& item : items) {
    if (result.size() > 1) result += ", ";
    result += toml_string(item);
  }
  return result + ']';
}

}  // namespace sekisho::config
