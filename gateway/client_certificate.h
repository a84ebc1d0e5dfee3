// What a client's TLS means to its session: its certificate noted in mail::Peer, and the refusal
// where the listener requires one. The handshake itself takes any certificate or none: a reply in
// words reaches people that a TLS alert never does.
#pragma once

#include <optional>

#include "gateway/config/settings.h"
#include "gateway/mail/envelope.h"
#include "gateway/net/byte_stream.h"
#include "gateway/smtp/command.h"
#include "gateway/smtp/reply.h"

namespace sekisho {

void note_tls(const TlsInfo& tls, mail::Peer& peer);

// For AUTH, MAIL and VRFY on a listener with client_certificates = "require".
std::optional<smtp::Reply> refuse_without_certificate(const config::ListenerSettings& listener,
                                                      const mail::Peer& peer, smtp::Verb verb);

}  // namespace sekisho
