// What a filter sees of a session, as the plain values that rules ask for (rules/facts): the same
// that the tools fill from options. Pure.
#pragma once

#include <string_view>

#include "filters/ending.h"
#include "gateway/base/time.h"
#include "gateway/mail/authentication.h"
#include "gateway/mail/envelope.h"
#include "rules/facts/session_values.h"

namespace sekisho::filters::rule {

// The connection, what the client said of itself, and who logged in.
void fill(::sekisho::rules::facts::SessionValues& values, const mail::Peer& peer, WallTime now);
// `recipient`: the one at hand, not yet in the envelope; null: none.
void fill(::sekisho::rules::facts::SessionValues& values, const mail::Envelope& envelope,
          const smtp::Mailbox* recipient);
void fill(::sekisho::rules::facts::SessionValues& values, const mail::Authentication& found);
void fill(::sekisho::rules::facts::SessionValues& values, const Ending& ending);

}  // namespace sekisho::filters::rule
