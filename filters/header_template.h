// HeaderTemplate: a header field as the administrator writes it, "X-Client: {client}", checked when
// the configuration is read and filled in for each message. Pure. The placeholders are few on
// purpose.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/mail/envelope.h"

namespace sekisho::filters {

// Why `name` can't be the name of a field that an administrator edits, or empty. RFC 5322 section
// 3.6.8 gives the characters. Received is not to be touched: mail loops are found by it.
std::string header_name_flaw(std::string_view name);

class HeaderTemplate {
 public:
  // The value is printable ASCII; {id}, {user}, {client} and {listener} are filled in, {{ and }}
  // are braces.
  static Result<HeaderTemplate> parse(std::string_view field);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string fill(const mail::Peer& peer, const mail::Envelope& envelope) const;

 private:
  enum class Placeholder : std::uint8_t { none, id, user, client, listener };
  struct Piece {
    std::string text;
    Placeholder placeholder = Placeholder::none;
  };
  Result<void> parse_value(std::string_view value);
  static Placeholder placeholder_of(std::string_view word);

  std::string name_;
  std::vector<Piece> pieces_;
};

}  // namespace sekisho::filters
