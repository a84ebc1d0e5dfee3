// The Received field that we add (RFC 5321 section 4.4, RFC 3848 for the protocol words) and loop
// detection. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/time.h"
#include "gateway/mail/envelope.h"
#include "gateway/mail/headers.h"

namespace sekisho::mail {

struct ReceivedOptions {
  std::string hostname;
  bool hide_client = false;  // leave out the address and HELO name of authenticated clients
  std::string loop_token;    // proves that this gateway has had the message; not secret
};

// "Received: from … by … with ESMTPSA id … for <…>; date CRLF". `for` only for one recipient.
std::string received_field(const Peer& peer, const Envelope& envelope, const ReceivedOptions&,
                           WallTime now);

// Why the message is in a loop, or empty: more Received fields than `max`, or more than `max_own`
// with our own token (a message may rightly pass twice: in and out through us).
std::string loop_reason(const Headers& headers, std::size_t max, std::size_t max_own,
                        std::string_view loop_token);

}  // namespace sekisho::mail
