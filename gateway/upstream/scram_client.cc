#include "gateway/upstream/scram_client.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "gateway/base/text.h"

namespace sekisho::upstream {
namespace {

// Fewer would make the password cheap to guess from our proof (RFC 7677 section 4); more would be
// an upstream's way to keep our processors busy.
constexpr std::uint64_t kMinIterations = 4096;
constexpr std::uint64_t kMaxIterations = 2'000'000;
constexpr std::size_t kMaxSaltBytes = 1024;

std::string_view header_of(ScramBinding binding) {
  switch (binding) {
    case ScramBinding::not_offered:
      return "y,,";
    case ScramBinding::tls_exporter:
      return "p=tls-exporter,,";
    case ScramBinding::none:
      break;
  }
  return "n,,";
}

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
           digest.data(), &size) == nullptr)
    throw std::runtime_error("HMAC-SHA-256 failed");
  return digest;
}

struct ServerFirst {
  std::string_view nonce;
  std::string salt;
  int iterations = 0;
};

// "r=…,s=…,i=…", in this order; extensions may follow. "m=" is one that we must understand, and
// don't.
std::optional<ServerFirst> parse(std::string_view message) {
  const auto parts = split(message, ',');
  if (parts.size() < 3 || !parts[0].starts_with("r=") || !parts[1].starts_with("s=") ||
      !parts[2].starts_with("i="))
    return std::nullopt;
  auto salt = base64_decode(parts[1].substr(2));
  const auto iterations = parse_uint(parts[2].substr(2));
  if (!salt || salt->empty() || salt->size() > kMaxSaltBytes || !iterations) return std::nullopt;
  const auto bounded = std::min(*iterations, kMaxIterations + 1);
  return ServerFirst{parts[0].substr(2), std::move(*salt), static_cast<int>(bounded)};
}

std::string escape(std::string_view user) {
  std::string out;
  for (const char c : user) {
    if (c == '=')
      out += "=3D";
    else if (c == ',')
      out += "=2C";
    else
      out += c;
  }
  return out;
}

}  // namespace

ScramClient::ScramClient(std::string_view user, const Secret& password, std::string nonce,
                         ScramBinding binding, std::string_view channel)
    : password_(password.clone()),
      nonce_(std::move(nonce)),
      header_(header_of(binding)),
      bound_(header_ + std::string(binding == ScramBinding::tls_exporter ? channel : "")),
      first_bare_(fmt::format("n={},r={}", escape(user), nonce_)) {}

std::string ScramClient::nonce() {
  std::array<unsigned char, 18> random{};
  if (RAND_bytes(random.data(), random.size()) != 1)
    throw std::runtime_error("no random bytes are to be had");
  return base64_encode({reinterpret_cast<const char*>(random.data()), random.size()});
}

std::optional<Secret> ScramClient::initial_response() {
  return Secret(fmt::format("{}{}", header_, first_bare_));
}

Result<Secret> ScramClient::answer(std::string_view challenge) {
  const State before = std::exchange(state_, State::failed);
  if (before == State::started) return prove(challenge);
  if (before == State::answered) return verify(challenge);
  return fail(ErrorKind::protocol, "a challenge after the end of SCRAM");
}

Result<Secret> ScramClient::prove(std::string_view server_first) {
  const auto server = parse(server_first);
  if (!server) return fail(ErrorKind::protocol, "SCRAM: the first message is malformed");
  if (!server->nonce.starts_with(nonce_) || server->nonce.size() == nonce_.size())
    return fail(ErrorKind::protocol, "SCRAM: the nonce is not an answer to ours");
  const auto iterations = static_cast<std::uint64_t>(server->iterations);
  if (iterations < kMinIterations || iterations > kMaxIterations)
    return fail(ErrorKind::protocol,
                fmt::format("SCRAM: the iteration count is not between {} and {}", kMinIterations,
                            kMaxIterations));
  Digest salted{};
  const std::string_view password = password_.reveal();
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(server->salt),
                        static_cast<int>(server->salt.size()), server->iterations, EVP_sha256(),
                        static_cast<int>(salted.size()), salted.data()) != 1)
    return fail(ErrorKind::io, "SCRAM: the password could not be hashed");
  const std::string last = fmt::format("c={},r={}", base64_encode(bound_), server->nonce);
  const std::string whole = fmt::format("{},{},{}", first_bare_, server_first, last);

  Digest proof = hmac(text_of(salted), "Client Key");
  Digest stored{};
  SHA256(proof.data(), proof.size(), stored.data());
  const Digest signature = hmac(text_of(stored), whole);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= signature[i];
  server_signature_ = text_of(hmac(text_of(hmac(text_of(salted), "Server Key")), whole));
  wipe(reinterpret_cast<char*>(salted.data()), salted.size());
  state_ = State::answered;
  return Secret(fmt::format("{},p={}", last, base64_encode(text_of(proof))));
}

Result<Secret> ScramClient::verify(std::string_view server_final) {
  const std::string_view first = split(server_final, ',').front();
  if (first.starts_with("e="))
    return fail(ErrorKind::unavailable,
                fmt::format("SCRAM: the upstream says {}", first.substr(2)));
  const auto shown = first.starts_with("v=") ? base64_decode(first.substr(2)) : std::nullopt;
  if (!shown || !equal_in_constant_time(*shown, server_signature_))
    return fail(ErrorKind::protocol, "SCRAM: the upstream does not know the secret itself");
  state_ = State::proved;
  return Secret();
}

}  // namespace sekisho::upstream
