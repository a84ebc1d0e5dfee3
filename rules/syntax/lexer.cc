#include "rules/syntax/lexer.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::rules {
namespace {

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_hex(char c) { return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f'); }

class Lexer {
 public:
  Lexer(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics)
      : text_(sources[source].text()), source_(source), diagnostics_(diagnostics) {}

  Tokens read() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) step();
    emit(TokenKind::end, at_);
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] Span span(std::size_t begin) const {
    return {source_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
  }
  void emit(TokenKind kind, std::size_t begin) {
    emit(kind, begin, text_.substr(begin, at_ - begin));
  }
  void emit(TokenKind kind, std::size_t begin, std::string_view text) {
    tokens_.all.push_back({kind, span(begin), text, fresh_});
    fresh_ = false;
  }

  void step() {
    const char c = peek();
    const std::size_t begin = at_;
    if (c == '\n') {
      fresh_ = true;
      ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '#') {
      comment();
    } else if (c == '"') {
      quoted('"');
    } else if (c == '/') {
      regex();
    } else if (c == '<' && address_follows()) {
      at_ = text_.find('>', at_) + 1;
      emit(TokenKind::address, begin);
    } else if (starts_word(c)) {
      word();
    } else {
      symbol();
    }
  }

  void comment() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find('\n', at_), text_.size());
    Span where = span(begin);
    while (where.end > begin + 1 && (text_[where.end - 1] == '\r' || text_[where.end - 1] == ' ')) {
      --where.end;
    }
    tokens_.comments.push_back({where, tokens_.all.size(), fresh_});
  }

  void quoted(char quote) {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\' && quote == '"') {
        ++at_;
        if (at_ < text_.size() &&
            std::string_view("\"\\nt").find(peek()) == std::string_view::npos) {
          --at_;
          const std::size_t place = at_;
          at_ += 2;
          diagnostics_.error(span(place), "this is no escape in a text",
                             "a backslash itself is written \\\\; escapes are \\\" \\\\ \\n \\t");
          --at_;
          if (peek() == '\n') return emit(TokenKind::text, begin);
        }
      }
      if (at_ < text_.size()) ++at_;
    }
    if (peek() != quote) {
      diagnostics_.error(
          {source_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + 1)},
          "the text that begins here has no end in its line",
          "close it with \"; a new line in it is written \\n");
    } else {
      ++at_;
    }
    if (!is_utf8(text_.substr(begin, at_ - begin))) {
      diagnostics_.error(span(begin), "this text is not UTF-8");
    }
    emit(TokenKind::text, begin);
  }

  void regex() {
    const std::size_t begin = at_++;
    if (peek() == '/' || peek() == '*') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      diagnostics_.error(span(begin), "comments begin with #");
      return;
    }
    while (at_ < text_.size() && text_[at_] != '/' && text_[at_] != '\n') {
      at_ += text_[at_] == '\\' && peek(1) != '\n' && at_ + 1 < text_.size() ? 2 : 1;
    }
    if (peek() != '/') {
      diagnostics_.error(
          {source_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + 1)},
          "the pattern that begins here has no end in its line",
          "close it with /; a slash in it is written \\/");
    } else {
      ++at_;
      while (is_alnum(peek())) ++at_;
    }
    emit(TokenKind::regex, begin);
  }

  // "<>" or "<", an address, ">": no blank before the closing one.
  [[nodiscard]] bool address_follows() const {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '>') {
        return i == at_ + 1 || text_.substr(at_, i - at_).find('@') != std::string_view::npos;
      }
      if (c == ' ' || c == '\n' || c == '<' || c == '\t' || c == '"') return false;
    }
    return false;
  }

  [[nodiscard]] bool starts_word(char c) const {
    return is_alnum(c) || c == '_' || c == '@' || c == '*' || c == '.' || c == '%' || c == '+' ||
           (c == '-' && peek(1) != '>') || is_high(c) || (c == ':' && peek(1) == ':');
  }

  // Whether the ':' or '/' at at_ belongs to the address, network or time of day before it.
  [[nodiscard]] bool belongs(std::size_t begin) const {
    const auto before = text_.substr(begin, at_ - begin);
    if (!std::ranges::all_of(before, [](char c) { return is_hex(c) || c == ':' || c == '.'; })) {
      return false;
    }
    if (peek() == '/') return is_digit(peek(1)) && before.find_first_of(":.") != before.npos;
    return is_hex(peek(1)) || peek(1) == ':' || before.ends_with(':') ||
           (peek(1) == '/' && before.ends_with(':'));
  }

  void word() {
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const char c = peek();
      if (c == ':' || c == '/') {
        if (!belongs(begin)) break;
      } else if (!starts_word(c)) {
        break;
      }
      ++at_;
    }
    if (at_ == begin) ++at_;
    const auto word = text_.substr(begin, at_ - begin);
    if (!is_utf8(word)) {
      diagnostics_.error(span(begin), "these bytes are not UTF-8");
      return;
    }
    if (word.starts_with("\xE2\x80\x9C") || word.starts_with("\xE2\x80\x9E")) {
      diagnostics_.error(span(begin), "typographic quotes do not quote a text",
                         "write the plain \" before and behind it");
      return;
    }
    emit(TokenKind::word, begin);
  }

  void foreign(std::size_t length, std::string_view meant, std::string_view second = {}) {
    const std::size_t begin = at_;
    at_ += length;
    diagnostics_.error(span(begin),
                       fmt::format("\"{}\" is not of this language", text_.substr(begin, length)),
                       second.empty() ? fmt::format("write \"{}\"", meant)
                                      : fmt::format("write \"{} {}\"", meant, second));
    emit(TokenKind::word, begin, meant);
    if (!second.empty()) emit(TokenKind::word, begin, second);
  }

  void symbol() {
    const auto rest = text_.substr(at_);
    if (rest.starts_with("&&")) return foreign(2, "and");
    if (rest.starts_with("||")) return foreign(2, "or");
    if (rest.starts_with("==")) return foreign(2, "is");
    if (rest.starts_with("=~")) return foreign(2, "matches");
    if (rest.starts_with("!=") || rest.starts_with("<>")) return foreign(2, "is", "not");
    if (rest.starts_with("!")) return foreign(1, "not");
    const std::size_t begin = at_;
    if (rest[0] == '\'') {
      quoted('\'');
      diagnostics_.error(tokens_.all.back().span, "a text stands in double quotes",
                         "write \"…\" instead of '…'");
      return;
    }
    if (rest.starts_with("->") || rest.starts_with("<=") || rest.starts_with(">=")) {
      at_ += 2;
      return emit(TokenKind::symbol, begin);
    }
    ++at_;
    if (std::string_view("{}()[],=<>:").find(rest[0]) != std::string_view::npos) {
      return emit(TokenKind::symbol, begin);
    }
    if (rest[0] == ';') {
      diagnostics_.error(span(begin), "nothing ends with a semicolon here", "leave it out");
      return;
    }
    diagnostics_.error(span(begin), "this character means nothing here");
  }

  std::string_view text_;
  std::uint32_t source_;
  Diagnostics& diagnostics_;
  Tokens tokens_;
  std::size_t at_ = 0;
  bool fresh_ = true;
};

}  // namespace

Tokens read_tokens(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics) {
  return Lexer(sources, source, diagnostics).read();
}

std::string decode_text(std::string_view token) {
  std::string value;
  if (!token.empty()) token.remove_prefix(1);
  for (std::size_t i = 0; i < token.size(); ++i) {
    char c = token[i];
    if (c == '"' || (c == '\'' && i + 1 == token.size())) break;
    if (c == '\\' && i + 1 < token.size()) {
      c = token[++i];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
    }
    value += c;
  }
  return value;
}

}  // namespace sekisho::rules
