// LoginMemory: the secret that an upstream has refused, and until when it is not shown again: an
// account that locks after some failed log-ins must not be locked by us. Another secret in the file
// is tried at once. Shared by an Upstream's connections; the secret is kept as its hash.
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "gateway/base/secret.h"
#include "gateway/base/time.h"

namespace sekisho::upstream {

class LoginMemory {
 public:
  void refused(const Secret& secret, TimePoint until);
  // How long this secret is not to be shown; none: it may be.
  [[nodiscard]] std::optional<Duration> barred(const Secret& secret, TimePoint now) const;
  void forget();
  // Whether there was a refusal since this was last asked.
  [[nodiscard]] bool take_news() { return news_.exchange(false); }

 private:
  using Digest = std::array<unsigned char, 32>;
  static Digest digest_of(const Secret& secret);

  mutable std::mutex mutex_;
  std::optional<Digest> refused_;  // guarded by mutex_
  TimePoint until_{};              // guarded by mutex_
  std::atomic<bool> news_{false};
};

}  // namespace sekisho::upstream
