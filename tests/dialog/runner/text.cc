// Patterns and escapes of dialog files.
#include "gateway/base/text.h"

#include <optional>

#include "tests/dialog/runner/script.h"

namespace sekisho::dialog {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = ascii_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

class Unescaper {
 public:
  explicit Unescaper(std::string_view text) : text_(text) {}

  std::string run() {
    std::string out = piece('\0');
    if (at_ != text_.size()) throw ScriptError("a } without its {");
    return out;
  }

 private:
  // Up to `end` or the end of the text.
  std::string piece(char end) {
    std::string out;
    while (at_ < text_.size() && (end == '\0' || text_[at_] != end)) {
      const char c = text_[at_++];
      if (c == '\\')
        out += escape();
      else if (c == '{')
        out += repetition();
      else
        out += c;
    }
    return out;
  }

  char escape() {
    if (at_ == text_.size()) throw ScriptError("a backslash at the end");
    const char c = text_[at_++];
    switch (c) {
      case 'r':
        return '\r';
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case '0':
        return '\0';
      case 'x': {
        const auto high = at_ < text_.size() ? hex_digit(text_[at_]) : std::nullopt;
        const auto low = at_ + 1 < text_.size() ? hex_digit(text_[at_ + 1]) : std::nullopt;
        if (!high || !low) throw ScriptError("\\x needs two hex digits");
        at_ += 2;
        return static_cast<char>(*high * 16 + *low);
      }
      case '\\':
      case '{':
      case '}':
      case '*':
        return c;
      default:
        throw ScriptError(std::string("unknown escape \\") + c);
    }
  }

  // {text*3}: the brace is behind us.
  std::string repetition() {
    const std::string text = piece('*');
    const auto close = text_.find('}', at_);
    if (close == std::string_view::npos) throw ScriptError("a { without * and }");
    const auto times = parse_uint(text_.substr(at_ + 1, close - at_ - 1));
    if (!times) throw ScriptError("{text*N} needs a number");
    at_ = close + 1;
    std::string out;
    for (std::uint64_t i = 0; i < *times; ++i) out += text;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string unescape(std::string_view text) { return Unescaper(text).run(); }

bool matches(std::string_view pattern, std::string_view text) {
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      for (std::size_t skip = 0; skip <= text.size(); ++skip)
        if (matches(pattern, text.substr(skip))) return true;
      return false;
    }
    if (pattern.starts_with("\\*")) pattern.remove_prefix(1);
    if (text.empty() || text.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  return text.empty();
}

}  // namespace sekisho::dialog
