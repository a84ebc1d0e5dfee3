#include "gateway/auth/decoys.h"

#include <cstdint>
#include <new>
#include <utility>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "gateway/auth/user_secret.h"

namespace sekisho::auth {

Decoys::Key Decoys::random_key() {
  Key key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) throw std::bad_alloc();
  return key;
}

Decoys::Decoys(std::shared_ptr<const Users> users, const Key& key)
    : users_(std::move(users)), key_(key) {
  for (const auto& [name, secret] : *users_) {
    if (!is_locked(secret) && parse_user_secret(secret)) secrets_.push_back(&secret);
  }
}

const std::string& Decoys::for_name(std::string_view name) const {
  // The default method and cost, for a file where nobody can log in anyhow.
  static const std::string kNobody =
      "$y$j9T$1emKNqLkFdl7Cwk.40ejF/$3DTV/X3ArUlGX8kp/SD1kOqQX1k.FQN90iWdUcWpdK5";
  if (secrets_.empty()) return kNobody;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest.data(),
           &length) == nullptr) {
    return *secrets_.front();
  }
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8U | digest[i];
  return *secrets_[number % secrets_.size()];
}

}  // namespace sekisho::auth
