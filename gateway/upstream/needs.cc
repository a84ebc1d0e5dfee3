#include "gateway/upstream/needs.h"

#include <fmt/format.h>

namespace sekisho::upstream {

using smtp::Reply;

std::optional<Reply> refuse_envelope(const mail::Envelope& envelope, const Carrier& carrier) {
  const smtp::MailParameters& wanted = envelope.parameters;
  const smtp::Capabilities& has = carrier.capabilities;
  if (wanted.body == smtp::Body::eight_bit_mime && !has.eight_bit_mime)
    return Reply::of(554, "5.6.3", "the mail server behind this gateway takes no 8-bit mail");
  if (wanted.body == smtp::Body::binary_mime && !(has.binary_mime && has.chunking))
    return Reply::of(554, "5.6.3", "the mail server behind this gateway takes no binary mail");
  if (wanted.smtp_utf8 && !has.smtp_utf8)
    return Reply::of(550, "5.6.7", "the mail server behind this gateway takes no SMTPUTF8 mail");
  if (wanted.require_tls && !(has.require_tls && carrier.tls_verified))
    return Reply::of(550, "5.7.30",
                     "REQUIRETLS is not possible to the mail server behind this gateway");
  if (has.has_size && has.size != 0 && wanted.size.value_or(0) > has.size)
    return Reply::of(552, "5.3.4",
                     fmt::format("the mail server behind this gateway takes messages of at most {} "
                                 "bytes",
                                 has.size));
  return std::nullopt;
}

std::optional<Reply> refuse_recipient(const smtp::RcptParameters& parameters,
                                      const Carrier& carrier) {
  const std::string& notify = parameters.notify;
  const bool default_does = notify.empty() || (notify.find("FAILURE") != std::string::npos &&
                                               notify.find("SUCCESS") == std::string::npos);
  if (carrier.capabilities.dsn || default_does) return std::nullopt;
  return Reply::of(550, "5.3.3",
                   "the mail server behind this gateway has no DSN to do what NOTIFY asks for");
}

}  // namespace sekisho::upstream
