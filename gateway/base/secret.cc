#include "gateway/base/secret.h"

#include <algorithm>
#include <utility>

#include <openssl/crypto.h>

namespace sekisho {

Secret::Secret(std::string_view bytes) : size_(bytes.size()) {
  if (bytes.empty()) return;
  bytes_ = new char[size_ + 1];
  std::ranges::copy(bytes, bytes_);
  bytes_[size_] = '\0';
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  wipe(bytes_, size_);
  delete[] bytes_;
}

void wipe(char* bytes, std::size_t size) {
  if (bytes != nullptr) OPENSSL_cleanse(bytes, size);
}

void wipe(std::string& bytes) {
  // What was cut off earlier still lies between the size and the capacity.
  bytes.resize(bytes.capacity());
  wipe(bytes.data(), bytes.size());
  bytes.clear();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sekisho
