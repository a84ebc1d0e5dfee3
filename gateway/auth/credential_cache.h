// CredentialCache: remembers for some minutes that a password was right, so that a client with many
// connections doesn't cost a yescrypt each. Holds HMAC-SHA256(key, user NUL password), never the
// password; the key is random, made at start, and lies in locked memory that core dumps leave out.
// Bounded; any thread. Without locked memory it remembers nothing (usable() says so).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/base/aged_map.h"
#include "gateway/base/error.h"
#include "gateway/base/secret.h"
#include "gateway/base/time.h"

namespace sekisho::auth {

class CredentialCache {
 public:
  CredentialCache(Duration keep, std::size_t max_entries);
  ~CredentialCache();
  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;

  // Why nothing can be remembered, if so: the system refused the locked page or the random key.
  [[nodiscard]] const Result<void>& usable() const { return usable_; }

  // `generation` is the user base's: an entry of another one doesn't count.
  [[nodiscard]] bool knows(std::string_view user, const Secret& password, std::uint64_t generation,
                           TimePoint now);
  void remember(std::string_view user, const Secret& password, std::uint64_t generation,
                TimePoint now);

 private:
  using Mac = std::array<unsigned char, 32>;
  struct Entry {
    Mac mac{};
    std::uint64_t generation = 0;
    TimePoint expires{};
  };
  Result<void> make_key();
  // False when the library refused: then nothing is known or remembered.
  [[nodiscard]] bool mac(std::string_view user, const Secret& password, Mac& out) const;

  Duration keep_;
  unsigned char* key_ = nullptr;  // 32 bytes in a locked page of their own
  std::size_t page_bytes_ = 0;
  Result<void> usable_;
  std::mutex mutex_;
  AgedMap<std::string, Entry> entries_;  // guarded by mutex_; by user
};

}  // namespace sekisho::auth
