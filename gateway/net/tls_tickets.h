// TicketKeys: the keys that session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1).
// They live in memory alone, are shared by all loops and outlive a reload, so that clients resume
// their sessions across it. A new one is made at each rotation and the last but one forgotten: no
// ticket outlives two rotations, and nor does what it takes to read a recorded session. Any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include <openssl/ssl.h>

#include "gateway/base/time.h"

namespace sekisho {

struct TicketKey {
  std::array<unsigned char, 16> name{};  // in the clear in each ticket
  std::array<unsigned char, 32> cipher{};
  std::array<unsigned char, 32> mac{};
};

class TicketKeys {
 public:
  explicit TicketKeys(Duration rotation, TimePoint now = Clock::now());
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // To seal with; none when the system has no randomness.
  std::optional<TicketKey> current(TimePoint now);
  // To open a ticket with: the key of this name, if it is not forgotten.
  std::optional<TicketKey> find(std::span<const unsigned char, 16> name, TimePoint now);
  [[nodiscard]] Duration rotation() const { return rotation_; }

  // Has `context` use them. They must outlive it.
  bool install(SSL_CTX* context);

 private:
  void rotate(TimePoint now);
  static int serve(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int sealing);

  const Duration rotation_;
  const TimePoint begun_;
  std::mutex mutex_;
  std::int64_t period_ = -1;  // of current_; all three guarded by mutex_
  std::optional<TicketKey> current_;
  std::optional<TicketKey> previous_;
};

}  // namespace sekisho
