// check_credentials(): is this somebody's password? Asked by logging in to an upstream with it, on
// a connection that is opened for this, carries no mail and is closed. Only over TLS with a
// verified certificate, and only by PLAIN or LOGIN: an upstream that keeps hashes can't check
// SCRAM. Nothing of it is kept. One loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/base/secret.h"
#include "gateway/net/resolve.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

struct CredentialCheck {
  enum class Finding : std::uint8_t { right, wrong, unavailable };
  Finding finding = Finding::unavailable;
  std::string reason;  // for the log
};

// `wrong` is the upstream's 535 and nothing else. Ends by `deadline`, or soon after `cancel`. The
// caller keeps the arguments alive until it returns.
Task<CredentialCheck> check_credentials(Loop& loop, NameResolver& resolver, Offload& offload,
                                        const Upstream& upstream, std::string_view user,
                                        const Secret& password, Deadline deadline,
                                        CancelSource& cancel);

}  // namespace sekisho::upstream
