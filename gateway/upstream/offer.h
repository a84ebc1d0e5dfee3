// What our EHLO may offer because of the upstreams (RFC 5321 section 2.2.1: an extension is a
// promise). Each Upstream remembers the EHLO of its last connection; a client is offered what every
// one of them has that isn't skipped by its breaker. Of one that was never connected nothing is
// known: 8BITMIME is taken for granted, as it was before there were others, and the rest is not
// offered. Whatever was offered, needs.h decides on the connection at hand. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "gateway/smtp/capabilities.h"

namespace sekisho::upstream {

struct Offer {
  bool eight_bit_mime = true;
  bool smtp_utf8 = true;
  bool dsn = true;
  bool require_tls = true;
  bool binary_mime = true;  // and CHUNKING, without which it can't be sent (RFC 3030 section 3)
  std::optional<std::uint64_t> size;  // the least that one of them takes; none: no bound is known

  Offer() = default;  // as if there were no upstream to lack anything
  // What one upstream has by its EHLO. REQUIRETLS counts over a verified connection alone.
  Offer(const smtp::Capabilities& capabilities, bool tls_verified);
  // Leaves of this what an upstream has that offers `other`; none: it never spoke yet.
  void narrow(const std::optional<Offer>& other);
  bool operator==(const Offer&) const = default;
};

class LastHello {
 public:
  void remember(const Offer& offer);
  [[nodiscard]] std::optional<Offer> offer() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Offer> offer_;  // guarded by mutex_
};

}  // namespace sekisho::upstream
