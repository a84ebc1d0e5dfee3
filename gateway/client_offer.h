// What our EHLO offers to one client, and which MAIL it doesn't cover. The extensions of the
// upstreams are in it only where we can carry them (upstream/offer.h). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/smtp/capabilities.h"
#include "gateway/smtp/command.h"
#include "gateway/smtp/dialog.h"
#include "gateway/snapshot.h"

namespace sekisho {

// The largest message that this listener and every upstream take, in bytes.
std::uint64_t message_limit(const Snapshot& snapshot, const ListenerPlan& plan);

smtp::Capabilities offer_to_client(const Snapshot& snapshot, const ListenerPlan& plan,
                                   const smtp::Dialog& dialog, const auth::LoginContext& login);

// The line for those who may speak for others.
std::string xclient_keyword(const config::ProxySettings& settings);

// 552 5.3.4 for more than SIZE says, 550 5.7.30 for REQUIRETLS outside TLS (RFC 8689
// section 4.2.1). What else the upstreams lack is refused at RCPT, by the connection that the mail
// would take.
std::optional<smtp::Reply> refuse_parameters(const smtp::MailParameters& parameters,
                                             const Snapshot& snapshot, const ListenerPlan& plan,
                                             const smtp::Dialog& dialog);

}  // namespace sekisho
