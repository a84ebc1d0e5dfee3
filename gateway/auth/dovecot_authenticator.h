// The Authenticator on Dovecot's authentication socket: its mechanisms are Dovecot's, every
// exchange is carried there and back, and the verdict is Dovecot's. It delays failures itself; the
// throttle only counts them and refuses clients that have too many. Shared by all loops;
// thread-safe.
#pragma once

#include <memory>

#include "gateway/auth/authenticator.h"

namespace sekisho::auth {

// Asks the server for its mechanisms, waiting a second or two; when it isn't there yet, PLAIN and
// LOGIN are taken for them until it is.
std::shared_ptr<Authenticator> make_dovecot_authenticator(const AuthSettings& settings);

}  // namespace sekisho::auth
