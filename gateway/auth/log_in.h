// The mechanisms that a session offers: those of its Authenticator, and EXTERNAL (RFC 4422
// appendix A) where the TLS certificate of the client names a user. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/auth/authenticator.h"

namespace sekisho::auth {

std::vector<std::string> offered_mechanisms(const Authenticator& authenticator,
                                            const LoginContext& login);
// Null for a mechanism that isn't offered. The Authenticator must outlive the exchange.
std::unique_ptr<AuthExchange> begin_exchange(Authenticator& authenticator,
                                             std::string_view mechanism, const LoginContext& login);

}  // namespace sekisho::auth
