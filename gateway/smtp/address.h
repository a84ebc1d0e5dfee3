// Addresses of the SMTP envelope (RFC 5321 section 4.1.2), parsed into values. Everything that is
// decided about an address is decided on these, never on the text that the client sent. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

namespace sekisho::smtp {

// A mailbox. `local` is unquoted ("john doe", not "\"john doe\""); `domain` is lower case, without
// a trailing dot (which the grammar refuses), or an address literal with its brackets.
struct Mailbox {
  std::string local;
  std::string domain;  // empty only for <postmaster> (RFC 5321 section 4.1.1.3)
  bool literal = false;

  // local@domain with the local part quoted where RFC 5321 needs it. Holds no control byte.
  [[nodiscard]] std::string to_string() const;
  // The local part holds '%', '!' or '@': some MTAs would send such mail on to another domain.
  [[nodiscard]] bool hides_another_address() const;
  // Holds bytes beyond ASCII: it goes nowhere without SMTPUTF8 (RFC 6531).
  [[nodiscard]] bool is_internationalized() const;
  bool operator==(const Mailbox&) const = default;
};

// What stands between < and > in MAIL FROM and RCPT TO.
struct Path {
  std::optional<Mailbox> mailbox;  // none: the null reverse-path <>
  bool source_route = false;       // <@a,@b:user@c>; the route itself is dropped
};

// The argument of MAIL after "FROM:" and of RCPT after "TO:", up to the end of the path; `rest` is
// what follows (the ESMTP parameters). Blanks after the colon are taken, the brackets are required.
// Refuses: 8-bit bytes (`allow_utf8` for SMTPUTF8), control bytes, a local part over 64, a domain
// over 255 or a path over 256 bytes (RFC 5321 section 4.5.3.1), trailing dots, empty labels,
// more than one unquoted @, and literals that are not IPv4 or IPv6.
struct ParsedPath {
  Path path;
  std::string_view rest;
};
Result<ParsedPath> parse_reverse_path(std::string_view argument, bool allow_utf8 = false);
Result<ParsedPath> parse_forward_path(std::string_view argument, bool allow_utf8 = false);

// "user@domain" without brackets, as configuration and header fields have it.
Result<Mailbox> parse_mailbox(std::string_view text, bool allow_utf8 = false);

// A domain name (RFC 5321: letters, digits, hyphens, underscores tolerated), lower-cased.
Result<std::string> parse_domain(std::string_view text, bool allow_utf8 = false);

// The argument of EHLO and HELO: a domain or an address literal. Only control bytes, blanks,
// emptiness and over-length are errors, since real clients send all kinds of names; filters judge
// the rest.
Result<std::string> parse_helo_name(std::string_view argument);

}  // namespace sekisho::smtp
