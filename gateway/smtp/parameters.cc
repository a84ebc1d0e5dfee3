#include "gateway/smtp/parameters.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho::smtp {
namespace {

bool is_keyword(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-'; });
}

// esmtp-value: visible ASCII without '='.
bool is_value(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '='; });
}

// RFC 3461 has upper case digits only.
std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::expected<std::vector<Parameter>, Reply> parse_parameters(std::string_view text) {
  std::vector<Parameter> parameters;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const auto token = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(token.size());
    const auto equals = token.find('=');
    Parameter parameter{.keyword = to_upper(token.substr(0, equals)), .value = std::nullopt};
    if (equals != token.npos) parameter.value = token.substr(equals + 1);
    if (!is_keyword(parameter.keyword) || (parameter.value && !is_value(*parameter.value))) {
      return std::unexpected(Reply::of(501, "5.5.4", "syntax error in a parameter"));
    }
    if (std::ranges::find(parameters, parameter.keyword, &Parameter::keyword) != parameters.end()) {
      return std::unexpected(Reply::of(501, "5.5.4", "a parameter was given twice"));
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '+') {
      if (text.size() - at < 3) return std::nullopt;
      const auto high = hex_digit(text[at + 1]);
      const auto low = hex_digit(text[at + 2]);
      if (!high || !low) return std::nullopt;
      const unsigned byte = *high << 4U | *low;
      if (byte < 0x20 || byte == 0x7F) return std::nullopt;
      c = static_cast<char>(byte);
      at += 2;
    } else if (c <= ' ' || c >= 0x7F || c == '=') {
      return std::nullopt;
    }
    out += c;
  }
  return out;
}

}  // namespace sekisho::smtp
