#include "rules/match/literal_reader.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "gateway/base/text.h"
#include "rules/match/literal_class.h"

namespace sekisho::rules::match {
namespace {

constexpr std::size_t kEver = std::numeric_limits<std::size_t>::max();

Known of_byte(char c) { return Known::text(std::string(1, ascii_lower(c))); }

class Reader {
 public:
  Reader(std::string_view pattern, bool extended) : text_(pattern), extended_(extended) {}

  LiteralSets all() {
    const Known known = choice();
    if (lost_ || at_ != text_.size()) return {};
    return known.all();
  }

 private:
  Known choice() {
    std::vector<Known> branches = {sequence()};
    while (next_is('|')) {
      ++at_;
      branches.push_back(sequence());
    }
    return one_of(branches);
  }

  Known sequence() {
    KnownSequence all;
    for (skip_blanks(); at_ < text_.size() && !next_is('|') && !next_is(')'); skip_blanks()) {
      add_quantified(atom(), all);
    }
    return all.finish();
  }

  [[nodiscard]] bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  [[nodiscard]] bool next_is(std::string_view word) const {
    return text_.substr(std::min(at_, text_.size())).starts_with(word);
  }
  Known give_up() {
    lost_ = true;
    at_ = text_.size();
    return Known::gap();
  }
  // To behind `close`.
  void skip_to(std::string_view close) {
    const auto found = text_.find_first_of(close, at_);
    if (found == std::string_view::npos) {
      give_up();
    } else {
      at_ = found + 1;
    }
  }

  void skip_blanks() {
    while (extended_ && at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        ++at_;
      } else if (c == '#') {
        const auto end = text_.find('\n', at_);
        at_ = end == std::string_view::npos ? text_.size() : end + 1;
      } else {
        return;
      }
    }
  }

  // Adds the piece as often as the quantifiers behind it say.
  void add_quantified(Known piece, KnownSequence& all) {
    std::size_t min = 1;
    std::size_t max = 1;
    for (bool first = true;; first = false) {
      const std::size_t here = at_;
      skip_blanks();
      if (at_ >= text_.size() ||
          std::string_view("*+?{").find(text_[at_]) == std::string_view::npos) {
        break;
      }
      if (!first) {
        // Whether the second of "a+ ?" belongs to the first is not for us to know.
        if (at_ != here) break;
        piece = repeated(piece, min, max);
      }
      const char c = text_[at_++];
      min = c == '+' ? 1 : 0;
      max = c == '?' ? 1 : kEver;
      if (c == '{' && !counted(min, max)) {
        give_up();
        return;
      }
      if (next_is('?') || next_is('+')) ++at_;
    }
    all.add(piece, min, max);
  }

  // Behind "{": "3}", "3,}" or "3,5}", nothing else: what else there may be depends on the version.
  bool counted(std::size_t& min, std::size_t& max) {
    const auto close = text_.find('}', at_);
    if (close == std::string_view::npos) return false;
    const auto parts = split(text_.substr(at_, close - at_), ',');
    const auto low = parse_uint(parts[0]);
    if (!low || parts.size() > 2) return false;
    min = max = static_cast<std::size_t>(*low);
    if (parts.size() == 2) {
      const auto high = parse_uint(parts[1]);
      if (!high && !parts[1].empty()) return false;
      max = high ? static_cast<std::size_t>(*high) : kEver;
    }
    at_ = close + 1;
    return true;
  }

  Known atom() {
    const char c = text_[at_++];
    switch (c) {
      case '^':
      case '$':
        return Known::nothing();
      case '.':
        return Known::gap();
      case '[': {
        auto taken = read_class(text_, at_);
        return taken ? std::move(*taken) : give_up();
      }
      case '(':
        return group();
      case '\\':
        return escape();
      case '{':  // a literal only while it is no quantifier
      case '*':
      case '+':
      case '?':
        return give_up();
      default:
        return of_byte(c);
    }
  }

  Known body() {
    Known inner = choice();
    if (!next_is(')')) return give_up();
    ++at_;
    return inner;
  }

  // What is looked at stands in the text, but takes no place of its own.
  Known looked_at(std::size_t opening, bool negative) {
    at_ += opening;
    const Known inner = body();
    Known look = Known::nothing();
    if (!negative) look.required = inner.all();
    return look;
  }

  Known group() {
    if (next_is('*')) return give_up();  // verbs end matches early
    if (!next_is('?')) return body();
    for (const std::string_view opening : {"?:", "?|", "?>"}) {
      if (next_is(opening)) return at_ += 2, body();
    }
    if (next_is("?=") || next_is("?!")) return looked_at(2, next_is("?!"));
    if (next_is("?<=") || next_is("?<!")) return looked_at(3, next_is("?<!"));
    if (next_is("?<*")) return give_up();
    if (next_is("?<") || next_is("?P<") || next_is("?'")) {
      at_ += next_is("?P<") ? 3 : 2;
      skip_to(text_[at_ - 1] == '\'' ? "'" : ">");
      return lost_ ? Known::gap() : body();
    }
    if (next_is("?&") || next_is("?P") || next_is("?R") || next_is("?+") ||
        (at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) ||
        (next_is("?-") && at_ + 2 < text_.size() && is_digit(text_[at_ + 2]))) {
      skip_to(")");  // what another group takes
      return Known::gap();
    }
    return flags();
  }

  // "(?i)", "(?s-m:…)". The case never matters here; x would, and ^ sets it back.
  Known flags() {
    while (++at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ')') return ++at_, Known::nothing();
      if (c == ':') return ++at_, body();
      if (std::string_view("imsnJU-").find(c) == std::string_view::npos) break;
    }
    return give_up();
  }

  Known escape() {
    if (at_ >= text_.size()) return give_up();
    const char c = text_[at_++];
    if (!is_alnum(c)) return of_byte(c);
    switch (c) {
      case 'b':
      case 'B':
      case 'A':
      case 'z':
      case 'Z':
      case 'G':
      case 'K':
        return Known::nothing();
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 's':
      case 'S':
      case 'h':
      case 'H':
      case 'v':
      case 'V':
      case 'N':
      case 'R':
        return Known::gap();
      case 'Q':
        return quoted();
      default:
        if (is_digit(c)) {  // a back reference, or a byte in octal
          while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
          return Known::gap();
        }
        const auto byte = escaped_byte(text_, at_, c);
        return byte ? of_byte(*byte) : give_up();
    }
  }

  // Behind \Q. A quantifier behind \E would belong to the last character alone.
  Known quoted() {
    const auto end = text_.find("\\E", at_);
    if (end == std::string_view::npos || end == at_) return give_up();
    Known all = Known::text(to_lower(text_.substr(at_, end - at_)));
    at_ = end + 2;
    skip_blanks();
    const bool more = next_is("\\E") || next_is("\\Q") || next_is('*') || next_is('+') ||
                      next_is('?') || next_is('{');
    return more ? give_up() : all;
  }

  std::string_view text_;
  bool extended_;
  bool lost_ = false;
  std::size_t at_ = 0;
};

}  // namespace

LiteralSets required_literals(const Regex& regex) {
  return Reader(regex.pattern(), regex.has('x')).all();
}

}  // namespace sekisho::rules::match
