// One SMTP command line, parsed (RFC 5321 section 4.1). Pure. The line comes without CRLF and was
// checked for bare CR, bare LF and NUL by the line reader.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/smtp/address.h"
#include "gateway/smtp/reply.h"

namespace sekisho::smtp {

enum class Verb : std::uint8_t {
  ehlo,
  helo,
  lhlo,  // of LMTP (RFC 2033)
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  vrfy,
  expn,
  help,
  quit,
  auth,
  starttls,
  xclient,
  unknown
};
std::string_view to_string(Verb verb);  // "EHLO"

enum class Body : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };
enum class DsnReturn : std::uint8_t { unsaid, full, headers };

// Parameters of MAIL (RFC 1870, 6152, 3030, 4954, 6531, 3461, 8689).
struct MailParameters {
  std::optional<std::uint64_t> size;  // SIZE=, as declared; UINT64_MAX for what is larger still
  Body body = Body::seven_bit;        // BODY=
  std::optional<std::string> auth;    // AUTH=, xtext decoded; "<>" as it is
  bool smtp_utf8 = false;             // SMTPUTF8
  bool require_tls = false;           // REQUIRETLS
  DsnReturn dsn_return = DsnReturn::unsaid;  // RET=
  std::string dsn_id{};                      // ENVID=, checked xtext, not decoded; empty: none
};

// Parameters of RCPT (RFC 3461), both as they go on: checked, and nothing decoded.
struct RcptParameters {
  std::string notify{};              // NOTIFY=, upper case: "NEVER", "SUCCESS,DELAY"; empty: none
  std::string original_recipient{};  // ORCPT=, "rfc822;bob@example.com", xtext; empty: none
  bool operator==(const RcptParameters&) const = default;
};

// The line split into verb and argument: "MAIL FROM:<a@b>" → {mail, "FROM:<a@b>"}. Never fails: an
// unknown word is Verb::unknown.
struct Command {
  Verb verb = Verb::unknown;
  std::string_view argument;  // trimmed, points into the line
};
Command parse_command(std::string_view line);

// 501 5.5.4 when DATA, RSET, QUIT or STARTTLS came with an argument; they take none (RFC 5321
// section 4.1.1, RFC 3207 section 4).
std::optional<Reply> refuse_argument(const Command& command);

// The commands with a grammar of their own; the unexpected value is the reply to give (501, 555 …).
struct MailCommand {
  std::optional<Mailbox> sender;  // none: <>
  MailParameters parameters;
};
// Takes a UTF-8 address where the command itself says SMTPUTF8.
std::expected<MailCommand, Reply> parse_mail(std::string_view argument);

struct RcptCommand {
  Mailbox recipient;
  bool source_route = false;
  RcptParameters parameters{};
};
// `smtp_utf8`: the transaction's MAIL said SMTPUTF8.
std::expected<RcptCommand, Reply> parse_rcpt(std::string_view argument, bool smtp_utf8 = false);

struct AuthCommand {
  std::string mechanism;                        // upper case
  std::optional<std::string> initial_response;  // base64 decoded; "=" is the empty response
};
std::expected<AuthCommand, Reply> parse_auth(std::string_view argument);

}  // namespace sekisho::smtp
