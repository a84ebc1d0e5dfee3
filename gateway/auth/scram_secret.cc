#include "gateway/auth/scram_secret.h"

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "gateway/auth/saslprep.h"
#include "gateway/base/text.h"

namespace sekisho::auth {
namespace {

constexpr std::uint64_t kMinIterations = 4096;
constexpr std::uint64_t kMaxIterations = 2'000'000;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kMaxSaltBytes = 256;

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
std::string text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
void wipe_digest(Digest& digest) { wipe(reinterpret_cast<char*>(digest.data()), digest.size()); }

bool hmac(const Digest& key, std::string_view text, Digest& out) {
  return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
              out.data(), nullptr) != nullptr;
}

std::optional<ScramSecret> derive(const Secret& password, std::string_view salt, int iterations) {
  const Secret prepared = saslprep_password(password);
  const std::string_view bytes = prepared.reveal();
  Digest salted{};
  Digest client_key{};
  Digest server_key{};
  Digest stored_key{};
  const bool done = PKCS5_PBKDF2_HMAC(bytes.data(), static_cast<int>(bytes.size()), bytes_of(salt),
                                      static_cast<int>(salt.size()), iterations, EVP_sha256(),
                                      static_cast<int>(salted.size()), salted.data()) == 1 &&
                    hmac(salted, "Client Key", client_key) &&
                    hmac(salted, "Server Key", server_key) &&
                    SHA256(client_key.data(), client_key.size(), stored_key.data()) != nullptr;
  wipe_digest(salted);
  wipe_digest(client_key);
  if (!done) return std::nullopt;
  return ScramSecret{iterations, std::string(salt), text_of(stored_key), text_of(server_key)};
}

}  // namespace

Result<ScramSecret> make_scram_secret(const Secret& password, int iterations) {
  std::array<unsigned char, kSaltBytes> salt{};
  if (RAND_bytes(salt.data(), salt.size()) != 1)
    return fail(ErrorKind::io, "no random bytes for a salt");
  auto made =
      derive(password, {reinterpret_cast<const char*>(salt.data()), salt.size()}, iterations);
  if (!made) return fail(ErrorKind::io, "cannot make a SCRAM secret of the password");
  return std::move(*made);
}

bool verify_password(const Secret& password, const ScramSecret& secret) {
  const auto made = derive(password, secret.salt, secret.iterations);
  return made && equal_in_constant_time(made->stored_key, secret.stored_key);
}

Result<ScramSecret> parse_scram_secret(std::string_view text) {
  const auto refuse = [](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("not a SCRAM secret: {}", why));
  };
  if (!text.starts_with(kScramPrefix)) return refuse("it doesn't begin with {SCRAM-SHA-256}");
  text.remove_prefix(kScramPrefix.size());
  const auto parts = split(text, ',');
  if (parts.size() != 4) return refuse("it has not four parts");
  const auto iterations = parse_uint(parts[0]);
  auto salt = base64_decode(parts[1]);
  auto stored_key = base64_decode(parts[2]);
  auto server_key = base64_decode(parts[3]);
  if (!iterations || *iterations < kMinIterations || *iterations > kMaxIterations)
    return refuse(fmt::format("the iterations are not {} to {}", kMinIterations, kMaxIterations));
  if (!salt || salt->empty() || salt->size() > kMaxSaltBytes)
    return refuse("the salt is not 1 to 256 bytes in base64");
  if (!stored_key || stored_key->size() != SHA256_DIGEST_LENGTH || !server_key ||
      server_key->size() != SHA256_DIGEST_LENGTH)
    return refuse("a key is not 32 bytes in base64");
  return ScramSecret{static_cast<int>(*iterations), std::move(*salt), std::move(*stored_key),
                     std::move(*server_key)};
}

std::string to_text(const ScramSecret& secret) {
  return fmt::format("{}{},{},{},{}", kScramPrefix, secret.iterations, base64_encode(secret.salt),
                     base64_encode(secret.stored_key), base64_encode(secret.server_key));
}

}  // namespace sekisho::auth
