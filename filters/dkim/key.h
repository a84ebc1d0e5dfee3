// Keys of DKIM (RFC 6376 section 3.3, RFC 8463): a private key that signs a hash, and a public key
// as its DNS record has it. An EVP_PKEY is made once and kept: OpenSSL prepares it at the first
// signature. Const and usable by any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/secret.h"

struct evp_pkey_st;

namespace sekisho::dkim {

enum class Algorithm : std::uint8_t { rsa_sha256, ed25519_sha256 };
std::string_view to_string(Algorithm algorithm);  // "rsa-sha256", as in a=
std::string_view key_type(Algorithm algorithm);   // "rsa", as in k=
std::optional<Algorithm> parse_algorithm(std::string_view text);

using KeyHandle = std::shared_ptr<evp_pkey_st>;

inline constexpr int kMinRsaBits = 1024;  // RFC 8301 section 3.2
inline constexpr int kMaxRsaBits = 4096;

class PublicKey {
 public:
  // The content of p=, decoded. Errors: not a key, too short, too long.
  static Result<PublicKey> parse(Algorithm algorithm, std::string_view bytes);

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  [[nodiscard]] int bits() const;
  // `digest` is the SHA-256 of what was signed.
  [[nodiscard]] bool verify(std::string_view digest, std::string_view signature) const;
  // The content of p=, not yet base64.
  [[nodiscard]] std::string bytes() const;

 private:
  friend class SigningKey;
  PublicKey(Algorithm algorithm, KeyHandle key) : algorithm_(algorithm), key_(std::move(key)) {}
  Algorithm algorithm_;
  KeyHandle key_;
};

class SigningKey {
 public:
  static Result<SigningKey> from_pem(const Secret& pem);
  // The key in a file that nobody but its owner and group may touch; the error says what to do.
  static Result<SigningKey> read(const std::filesystem::path& file);
  static Result<SigningKey> generate(Algorithm algorithm, int rsa_bits);

  [[nodiscard]] Algorithm algorithm() const { return public_.algorithm(); }
  // Holds the private half as well, as long as it lives: read_public_half() for keeping.
  [[nodiscard]] const PublicKey& public_key() const { return public_; }
  [[nodiscard]] Result<std::string> sign(std::string_view digest) const;
  [[nodiscard]] Result<Secret> to_pem() const;

 private:
  explicit SigningKey(PublicKey key) : public_(std::move(key)) {}
  PublicKey public_;  // OpenSSL's key object holds both halves
};

// What the gateway may keep of a private key's file: the other half is with the signer processes.
Result<PublicKey> read_public_half(const std::filesystem::path& file);

// A key record (section 3.6.1).
struct KeyRecord {
  std::optional<PublicKey> key;  // none: p= is empty, the key was revoked
  bool testing = false;          // t=y
  bool strict_identity = false;  // t=s: i= may not be in a subdomain

  // The texts of one TXT record joined. What isn't for mail or not for SHA-256 is an error.
  static Result<KeyRecord> parse(std::string_view text);
};

// "v=DKIM1; k=rsa; p=…", to be published.
std::string record_text(const PublicKey& key);

}  // namespace sekisho::dkim
