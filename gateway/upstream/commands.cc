#include "gateway/upstream/commands.h"

#include <algorithm>

#include <fmt/format.h>

namespace sekisho::upstream {

std::string mail_command(const mail::Envelope& envelope, const smtp::Capabilities& upstream) {
  std::string line = fmt::format("MAIL FROM:<{}>", envelope.sender_text());
  const smtp::MailParameters& parameters = envelope.parameters;
  if (upstream.has_size && parameters.size) line += fmt::format(" SIZE={}", *parameters.size);
  if (upstream.eight_bit_mime && parameters.body == smtp::Body::eight_bit_mime)
    line += " BODY=8BITMIME";
  if (upstream.binary_mime && parameters.body == smtp::Body::binary_mime)
    line += " BODY=BINARYMIME";
  if (upstream.smtp_utf8 && parameters.smtp_utf8) line += " SMTPUTF8";
  if (upstream.require_tls && parameters.require_tls) line += " REQUIRETLS";
  if (!upstream.dsn) return line;
  if (parameters.dsn_return == smtp::DsnReturn::full) line += " RET=FULL";
  if (parameters.dsn_return == smtp::DsnReturn::headers) line += " RET=HDRS";
  if (!parameters.dsn_id.empty()) line += " ENVID=" + parameters.dsn_id;
  return line;
}

std::string rcpt_command(const Recipient& recipient, const smtp::Capabilities& upstream) {
  std::string line = fmt::format("RCPT TO:<{}>", recipient.grant.recipient().to_string());
  if (!upstream.dsn) return line;
  const smtp::RcptParameters& parameters = recipient.parameters;
  if (!parameters.notify.empty()) line += " NOTIFY=" + parameters.notify;
  if (!parameters.original_recipient.empty()) line += " ORCPT=" + parameters.original_recipient;
  return line;
}

bool fits_command(std::string_view line, bool smtp_utf8) {
  return std::ranges::all_of(line, [smtp_utf8](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f && (byte < 0x80 || smtp_utf8);
  });
}

}  // namespace sekisho::upstream
