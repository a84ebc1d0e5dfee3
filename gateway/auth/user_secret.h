// What a users file keeps of a password: a crypt(3) hash, a SCRAM secret, or both of them with a
// ':' between. A '!' or '*' before it locks the account. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/auth/scram_secret.h"
#include "gateway/base/error.h"
#include "gateway/base/secret.h"

namespace sekisho::auth {

struct UserSecret {
  std::string hash;  // empty: none
  std::optional<ScramSecret> scram;
};

[[nodiscard]] bool is_locked(std::string_view secret);

// Not for a locked one. The error never quotes the secret.
Result<UserSecret> parse_user_secret(std::string_view text);

// Which of the two.
enum class SecretKinds : std::uint8_t { hash, scram, both };
// Those of a user's secret, locked or not; `hash` where it can't be read.
SecretKinds kinds_of(std::string_view secret);
// Slow on purpose.
Result<std::string> make_user_secret(const Secret& password, SecretKinds kinds);

// Slow on purpose: only on Offload threads. By the hash where there is one. False for a wrong
// password and for a secret that can't be read.
bool verify_user_secret(const Secret& password, std::string_view secret);

// "yescrypt", "scram", "yescrypt, scram", "locked".
std::string describe_user_secret(std::string_view secret);

}  // namespace sekisho::auth
