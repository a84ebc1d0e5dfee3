#include "gateway/upstream/login_memory.h"

#include <openssl/sha.h>

namespace sekisho::upstream {

LoginMemory::Digest LoginMemory::digest_of(const Secret& secret) {
  const std::string_view bytes = secret.reveal();
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

void LoginMemory::refused(const Secret& secret, TimePoint until) {
  const Digest digest = digest_of(secret);
  const std::lock_guard lock(mutex_);
  refused_ = digest;
  until_ = until;
  news_ = true;
}

std::optional<Duration> LoginMemory::barred(const Secret& secret, TimePoint now) const {
  const Digest digest = digest_of(secret);
  const std::lock_guard lock(mutex_);
  if (refused_ != digest || now >= until_) return std::nullopt;
  return until_ - now;
}

void LoginMemory::forget() {
  const std::lock_guard lock(mutex_);
  refused_.reset();
}

}  // namespace sekisho::upstream
