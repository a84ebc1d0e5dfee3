#include "gateway/auth/scram_decoys.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "gateway/auth/user_secret.h"

namespace sekisho::auth {
namespace {

// A user knows the own keys; to foresee decoys takes so many users together.
constexpr std::size_t kNeighbours = 4;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
           out.data(), nullptr) == nullptr)
    throw std::runtime_error("HMAC-SHA-256 failed");
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::uint64_t number_of(std::string_view digest) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i)
    number = number << 8U | static_cast<unsigned char>(digest[i]);
  return number;
}

}  // namespace

ScramDecoys::ScramDecoys(const Users& users) {
  for (const auto& [name, text] : users) {
    if (is_locked(text)) continue;
    auto secret = parse_user_secret(text);
    if (!secret || !secret->scram) continue;
    ring_.push_back(
        {number_of(hmac(secret->scram->server_key, "place")), std::move(*secret->scram)});
  }
  std::ranges::sort(ring_, {}, &Place::position);
}

ScramSecret ScramDecoys::for_name(std::string_view name) const {
  const auto next =
      std::ranges::lower_bound(ring_, number_of(hmac("name", name)), {}, &Place::position);
  const auto at = static_cast<std::size_t>(next - ring_.begin());
  const ScramSecret& model = ring_[at % ring_.size()].secret;
  std::string key;
  for (std::size_t i = 0; i < std::min(kNeighbours, ring_.size()); ++i)
    key = hmac(ring_[(at + i) % ring_.size()].secret.server_key, key);
  ScramSecret decoy{.iterations = model.iterations,
                    .salt = {},
                    .stored_key = hmac(key, fmt::format("stored {}", name)),
                    .server_key = hmac(key, fmt::format("server {}", name))};
  for (int block = 0; decoy.salt.size() < model.salt.size(); ++block)
    decoy.salt += hmac(key, fmt::format("salt {} {}", block, name));
  decoy.salt.resize(model.salt.size());
  return decoy;
}

}  // namespace sekisho::auth
