// log_in(): AUTH towards an upstream (RFC 4954), once for each connection, after its last EHLO. The
// secret is read from its file each time and forgotten with the attempt. Never in the clear unless
// the settings say so. Fails with the upstream's own words where it had any; never with the secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/base/secret.h"
#include "gateway/upstream/login_memory.h"
#include "gateway/upstream/login_settings.h"
#include "gateway/upstream/reply_channel.h"

namespace sekisho::upstream {

// `offered`: the mechanisms of the last EHLO. When the upstream refuses us, `memory` keeps that
// from happening again with the same secret for a while.
Task<Result<void>> log_in(Loop& loop, Offload& offload, const LoginSettings& settings,
                          ReplyChannel& channel, const std::vector<std::string>& offered,
                          Duration each_step, Deadline whole, LoginMemory& memory);

// The exchange alone, with a secret that is at hand: the upstream's last word, or an error when the
// exchange broke. The caller has seen to TLS and to `mechanism` being offered.
Task<Result<smtp::Reply>> authenticate(Loop& loop, Offload& offload, ReplyChannel& channel,
                                       std::string_view mechanism, std::string_view user,
                                       const Secret& secret, Duration each_step, Deadline whole);

}  // namespace sekisho::upstream
