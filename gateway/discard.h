// Carries a DiscardOrder out: says loudly in the log and in a metric that a message was dropped,
// and makes the 250 for it. Next to final_reply() this is the only maker of a 250 after the dot.
#pragma once

#include "filters/discard_order.h"
#include "gateway/mail/envelope.h"
#include "gateway/session_services.h"
#include "gateway/smtp/reply.h"

namespace sekisho {

smtp::Reply discard_message(const filters::DiscardOrder& order, const mail::Peer& peer,
                            const mail::Envelope& envelope, SessionServices& services);

}  // namespace sekisho
