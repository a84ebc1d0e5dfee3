// ScramSecret: what a server keeps of a password for SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677),
// and its text in a users file: "{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey" with base64,
// as Dovecot has it. Neither the password nor what logs in elsewhere can be had from it but by
// guessing. Making and checking costs tens of ms: only on Offload threads. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/secret.h"

namespace sekisho::auth {

struct ScramSecret {
  int iterations = 0;
  std::string salt;        // raw bytes, as the keys are
  std::string stored_key;  // 32 bytes
  std::string server_key;  // 32 bytes
  bool operator==(const ScramSecret&) const = default;
};

inline constexpr std::string_view kScramPrefix = "{SCRAM-SHA-256}";
// Makes a guess as dear as one against a yescrypt hash, and its client compute for some 50 ms.
inline constexpr int kScramIterations = 100'000;

Result<ScramSecret> make_scram_secret(const Secret& password, int iterations = kScramIterations);
// The password is SASLprepped, as SCRAM's clients do.
bool verify_password(const Secret& password, const ScramSecret& secret);

// Fails for fewer than 4096 iterations (RFC 7677 section 4), and for more than two millions: a
// check would take a thread for seconds.
Result<ScramSecret> parse_scram_secret(std::string_view text);
std::string to_text(const ScramSecret& secret);

}  // namespace sekisho::auth
