#include "rules/match/literal_class.h"

#include <bitset>
#include <charconv>

#include "gateway/base/text.h"

namespace sekisho::rules::match {
namespace {

constexpr std::size_t kMaxMembers = 8;  // a class with more is not written out

unsigned code_of(char c) { return static_cast<unsigned char>(c); }

// "[:alpha:]" and the like; `at` stands behind its "[".
bool skip_posix(std::string_view pattern, std::size_t& at) {
  std::size_t end = at + 1;
  if (end < pattern.size() && pattern[end] == '^') ++end;
  while (end < pattern.size() &&
         (is_alpha(pattern[end]) || pattern[end] == '<' || pattern[end] == '>'))
    ++end;
  if (!pattern.substr(end).starts_with(":]")) return false;
  at = end + 2;
  return true;
}

class ClassReader {
 public:
  ClassReader(std::string_view pattern, std::size_t& at) : text_(pattern), at_(at) {}

  std::optional<Known> read() {
    const bool negated = next_is('^');
    if (negated) ++at_;
    for (bool first = true; at_ < text_.size() && (first || text_[at_] != ']'); first = false) {
      if (!item()) return std::nullopt;
    }
    if (!next_is(']')) return std::nullopt;
    ++at_;
    if (negated || many_ || members_.count() > 2 * kMaxMembers) return Known::gap();
    Known known{.whole = true, .strings = {}, .required = {}};
    std::bitset<256> lower;
    for (unsigned c = 0; c < 256; ++c) {
      if (members_[c]) lower.set(code_of(ascii_lower(static_cast<char>(c))));
    }
    if (lower.none() || lower.count() > kMaxMembers) return Known::gap();
    for (unsigned c = 0; c < 256; ++c) {
      if (lower[c]) known.strings.emplace_back(1, static_cast<char>(c));
    }
    return known;
  }

 private:
  [[nodiscard]] bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }

  bool item() {
    if (text_.substr(at_).starts_with("[:")) {
      many_ = true;
      return skip_posix(text_, ++at_);
    }
    if (text_.substr(at_).starts_with("[.") || text_.substr(at_).starts_with("[=")) return false;
    const auto low = one();
    if (!low) return false;
    auto high = low;
    if (next_is('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
      ++at_;
      if (text_.substr(at_).starts_with("[:")) return false;
      high = one();
      if (!high) return false;
    }
    for (unsigned c = code_of(*low); c <= code_of(*high); ++c) members_.set(c);
    return true;
  }

  // One member, or what \d stands for (then there are many).
  std::optional<char> one() {
    const char c = text_[at_++];
    if (c != '\\') return c;
    if (at_ >= text_.size()) return std::nullopt;
    const char letter = text_[at_++];
    if (!is_alnum(letter)) return letter;
    if (std::string_view("dDwWsShHvV").find(letter) != std::string_view::npos) {
      many_ = true;
      return '\0';
    }
    if (letter == 'b') return '\b';
    if (is_digit(letter)) {  // octal
      many_ = true;
      return '\0';
    }
    return escaped_byte(text_, at_, letter);
  }

  std::string_view text_;
  std::size_t& at_;
  std::bitset<256> members_;
  bool many_ = false;
};

}  // namespace

std::optional<Known> read_class(std::string_view pattern, std::size_t& at) {
  return ClassReader(pattern, at).read();
}

std::optional<char> escaped_byte(std::string_view pattern, std::size_t& at, char letter) {
  switch (letter) {
    case 'a':
      return '\a';
    case 'e':
      return '\x1b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'x':
      break;
    default:
      return std::nullopt;
  }
  std::string_view digits = pattern.substr(at, 2);
  if (digits.starts_with('{')) {
    const auto close = pattern.find('}', at);
    if (close == std::string_view::npos) return std::nullopt;
    digits = pattern.substr(at + 1, close - at - 1);
    at = close + 1;
  } else {
    // At most two, and fewer where what follows is none.
    while (!digits.empty() &&
           digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      digits.remove_suffix(1);
    at += digits.size();
    if (digits.empty()) return '\0';
  }
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || value > 255)
    return std::nullopt;
  return static_cast<char>(value);
}

}  // namespace sekisho::rules::match
