// The Authentication-Results field (RFC 8601) of a message that goes on: what our filters found
// out, on top; and none that came with the message in our name (section 5), since whoever reads
// ours believes it. Pure.
#pragma once

#include "gateway/mail/authentication.h"
#include "gateway/mail/headers.h"
#include "gateway/snapshot.h"

namespace sekisho {

struct AuthenticationFieldInput {
  const Snapshot& snapshot;
  const ListenerPlan& plan;
  const mail::Peer& peer;
  const mail::Authentication& found;
};

// A field in our name stays where it may rightly be ours: one of our own hosts sends the message
// once more, over a listener that checks nothing.
void edit_authentication_results(const AuthenticationFieldInput& input,
                                 const mail::Headers& headers, mail::HeaderEdits& edits);

}  // namespace sekisho
