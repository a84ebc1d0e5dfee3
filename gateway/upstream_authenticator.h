// The Authenticator that has an upstream check passwords ([auth] upstream = "NAME"): PLAIN and
// LOGIN at our side, a log-in with the same name and password at the upstream's. What was right is
// remembered as for other backends (auth.remember, a keyed hash in locked memory), nothing is
// written anywhere. The upstream is asked by few connections at once, and by nobody whom the
// throttle refuses. Any thread.
#pragma once

#include <memory>

#include "gateway/auth/authenticator.h"
#include "gateway/upstream/upstream.h"

namespace sekisho {

Result<std::shared_ptr<auth::PasswordAuthenticator>> make_upstream_authenticator(
    const auth::AuthSettings& settings, std::shared_ptr<upstream::Upstream> upstream);

}  // namespace sekisho
