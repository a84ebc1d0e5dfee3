// The command lines MAIL and RCPT for an upstream: address and those parameters that it knows. What
// it must know for this mail, and doesn't, is refused before (needs.h). Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/mail/envelope.h"
#include "gateway/smtp/capabilities.h"
#include "gateway/upstream/recipient.h"

namespace sekisho::upstream {

std::string mail_command(const mail::Envelope& envelope, const smtp::Capabilities& upstream);
std::string rcpt_command(const Recipient& recipient, const smtp::Capabilities& upstream);

// RFC 5321 leaves no room for a control byte in an address, and the parser took none; but an
// address is the one place where a client's bytes enter a command line, so this is looked at twice.
// Bytes beyond ASCII fit where the transaction has SMTPUTF8.
bool fits_command(std::string_view line, bool smtp_utf8);

}  // namespace sekisho::upstream
