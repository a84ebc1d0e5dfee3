#include "gateway/upstream/offer.h"

#include <algorithm>

#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {
namespace {

// What goes up is larger than what came: our Received field, and what filters add.
constexpr std::uint64_t kRoomForOurFields = 2048;

}  // namespace

Offer::Offer(const smtp::Capabilities& has, bool tls_verified)
    : eight_bit_mime(has.eight_bit_mime),
      smtp_utf8(has.smtp_utf8),
      dsn(has.dsn),
      require_tls(has.require_tls && tls_verified),
      binary_mime(has.binary_mime && has.chunking) {
  if (has.has_size && has.size > kRoomForOurFields) size = has.size - kRoomForOurFields;
}

void Offer::narrow(const std::optional<Offer>& other) {
  if (!other) {
    smtp_utf8 = dsn = require_tls = binary_mime = false;
    return;
  }
  eight_bit_mime = eight_bit_mime && other->eight_bit_mime;
  smtp_utf8 = smtp_utf8 && other->smtp_utf8;
  dsn = dsn && other->dsn;
  require_tls = require_tls && other->require_tls;
  binary_mime = binary_mime && other->binary_mime;
  if (other->size) size = std::min(size.value_or(*other->size), *other->size);
}

void LastHello::remember(const Offer& offer) {
  const std::lock_guard lock(mutex_);
  offer_ = offer;
}

std::optional<Offer> LastHello::offer() const {
  const std::lock_guard lock(mutex_);
  return offer_;
}

Offer offer_of(const Upstreams& upstreams) {
  Offer all;
  bool any = false;
  for (const bool healthy : {true, false}) {
    for (const auto& upstream : upstreams) {
      if (healthy == upstream->breaker->open()) continue;
      all.narrow(upstream->last_hello.offer());
      any = true;
    }
    if (any) return all;
  }
  all.narrow(std::nullopt);
  return all;
}

}  // namespace sekisho::upstream
