#include "gateway/mail/content_type.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/mail/headers.h"

namespace sekisho::mail {
namespace {

bool is_token_char(char c) {
  return c > ' ' && c < 127 &&
         std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string token() {
    skip_blanks();
    const auto end = std::ranges::find_if_not(rest_, is_token_char) - rest_.begin();
    std::string word(rest_.substr(0, static_cast<std::size_t>(end)));
    rest_.remove_prefix(word.size());
    return word;
  }
  std::optional<std::string> quoted() {
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      // Some readers take an escape as two characters.
      if (c == '\\' || c < ' ' || c == 127) return std::nullopt;
      text += c;
    }
    return std::nullopt;
  }
  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string ContentType::parameter(std::string_view name) const {
  const auto found = parameters.find(std::string(name));
  return found != parameters.end() ? found->second : "";
}

std::string ContentType::to_string() const {
  std::string text = type;
  for (const auto& [name, value] : parameters)
    text += "; " + name + "=" + (is_token(value) ? value : "\"" + value + "\"");
  return text;
}

std::optional<ContentType> read_content_type(std::string_view value) {
  const std::string text = Headers::unfold(value);
  Reader reader(text);
  ContentType made;
  const std::string type = to_lower(reader.token());
  if (type.empty() || !reader.take('/')) return std::nullopt;
  const std::string subtype = to_lower(reader.token());
  if (subtype.empty()) return std::nullopt;
  made.type = type + "/" + subtype;
  while (!reader.at_end()) {
    if (!reader.take(';')) return std::nullopt;
    if (reader.at_end()) break;  // a semicolon at the end is common, and means nothing
    const std::string name = to_lower(reader.token());
    if (name.empty() || name.find('*') != std::string::npos || !reader.take('='))
      return std::nullopt;
    std::optional<std::string> word;
    if (reader.take('"'))
      word = reader.quoted();
    else if (std::string token = reader.token(); !token.empty())
      word = std::move(token);
    if (!word || !made.parameters.emplace(name, std::move(*word)).second) return std::nullopt;
  }
  return made;
}

}  // namespace sekisho::mail
