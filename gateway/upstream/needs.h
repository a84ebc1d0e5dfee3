// What a mail needs of the server that it goes to, against what that server has: the one place
// where a mail is refused because the upstream can't carry it. It is asked for each connection
// before MAIL and RCPT go up, so that nothing is sent on without what the client asked for, and
// nothing is refused late. Pure.
#pragma once

#include <optional>

#include "gateway/mail/envelope.h"
#include "gateway/smtp/capabilities.h"
#include "gateway/smtp/reply.h"

namespace sekisho::upstream {

// What one connection has.
struct Carrier {
  const smtp::Capabilities& capabilities;
  bool tls_verified = false;  // TLS, and the upstream's certificate was checked
};

// Mail of this envelope can't go there: 554 5.6.3 (RFC 6152, 3030), 550 5.6.7 (RFC 6531),
// 550 5.7.30 (RFC 8689), 552 5.3.4 (RFC 1870).
std::optional<smtp::Reply> refuse_envelope(const mail::Envelope& envelope, const Carrier& carrier);

// Nor this recipient: without DSN nobody there would keep what its NOTIFY asks for. A NOTIFY that
// asks for what every server does anyway (tell of a failure) is dropped, as RFC 3461 section 5.2.2
// has it; one that asks for more (SUCCESS) or for less (NEVER, DELAY alone) is refused with 550
// 5.3.3: we can neither write the report nor hold the server's bounce back. ORCPT, RET and ENVID
// only adorn reports; they are dropped.
std::optional<smtp::Reply> refuse_recipient(const smtp::RcptParameters& parameters,
                                            const Carrier& carrier);

}  // namespace sekisho::upstream
