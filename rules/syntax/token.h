// Tokens of a rule file. They are views into the Source, which must outlive them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/syntax/source.h"

namespace sekisho::rules {

enum class TokenKind : std::uint8_t {
  word,     // a keyword, name, number, address, network …: the parser knows which is wanted
  text,     // "…" with its quotes
  regex,    // /…/flags
  address,  // <a@b.example>, <>
  symbol,   // { } ( ) [ ] , = -> < <= > >= :
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  Span span;
  std::string_view text;
  bool starts_line = false;  // nothing but blanks stand before it in its line
};

struct Comment {
  Span span;               // with the #, without the end of line
  std::size_t before = 0;  // the token that follows
  bool own_line = false;
};

struct Tokens {
  std::vector<Token> all;  // ends with one of kind end
  std::vector<Comment> comments;
};

}  // namespace sekisho::rules
