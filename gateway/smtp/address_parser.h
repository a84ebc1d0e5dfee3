// AddressParser: the grammar of RFC 5321 section 4.1.2 as a cursor over one text; each function
// takes one element from the front or says why it can't. Error texts are fixed words without any
// byte of the input, so that a reply may repeat them. Pure; internal to gateway/smtp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/smtp/address.h"

namespace sekisho::smtp {

// RFC 5322 atext, and with SMTPUTF8 (RFC 6531) any byte of a longer UTF-8 character.
[[nodiscard]] bool is_atext(char c);
// Atoms with single dots between them: a local part that needs no quotes.
[[nodiscard]] bool is_dot_string(std::string_view text);

class AddressParser {
 public:
  AddressParser(std::string_view text, bool allow_utf8) : text_(text), allow_utf8_(allow_utf8) {}

  Result<Mailbox> take_mailbox();
  Result<void> take_source_route();  // "@a,@b:", when there is one
  Result<std::string> take_domain();
  std::string take_word();  // letters, as many as there are
  // One byte, or nothing.
  bool take(char expected);

  [[nodiscard]] bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

 private:
  Result<std::string> take_local();
  Result<std::string> take_dot_string();
  Result<std::string> take_quoted_string();
  Result<std::string> take_literal();
  [[nodiscard]] bool is_allowed_atext(char c) const;

  std::string_view text_;
  std::size_t at_ = 0;
  bool allow_utf8_;
};

}  // namespace sekisho::smtp
