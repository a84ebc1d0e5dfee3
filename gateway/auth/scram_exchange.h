// One AUTH SCRAM-SHA-256 or SCRAM-SHA-256-PLUS against a user base that has SCRAM secrets: a
// ScramServer with the PasswordGuard around it. An exchange belongs to its session's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/auth/authenticator.h"
#include "gateway/auth/password_guard.h"
#include "gateway/auth/scram_secret.h"

namespace sekisho::auth {

inline constexpr std::string_view kScram = "SCRAM-SHA-256";
inline constexpr std::string_view kScramPlus = "SCRAM-SHA-256-PLUS";

struct ScramUser {
  ScramSecret secret;
  std::string nobody;  // not empty: the secret is a decoy, and why
};
// Gets the normalized name; for one that no user can have, what the client sent.
using FindScramUser = std::function<ScramUser(const std::string& user)>;

// The guard must outlive the exchange.
std::unique_ptr<AuthExchange> make_scram_exchange(bool plus, const LoginContext& login,
                                                  PasswordGuard& guard, FindScramUser find);

}  // namespace sekisho::auth
