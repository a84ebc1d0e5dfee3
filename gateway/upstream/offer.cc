#include "gateway/upstream/offer.h"

#include <algorithm>

#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {
namespace {

// What goes up is larger than what came: our Received field, and what filters add.
constexpr std::uint64_t kRoomForOurFields = 2048;

}  // namespace

void LastHello::remember(const smtp::Capabilities& capabilities, bool tls_verified) {
  const std::lock_guard lock(mutex_);
  if (said_ && said_->capabilities == capabilities && said_->tls_verified == tls_verified) return;
  said_ = Said{capabilities, tls_verified};
}

std::optional<LastHello::Said> LastHello::said() const {
  const std::lock_guard lock(mutex_);
  return said_;
}

void Offer::narrow(const std::optional<LastHello::Said>& said) {
  if (!said) {
    smtp_utf8 = dsn = require_tls = false;
    return;
  }
  const smtp::Capabilities& has = said->capabilities;
  eight_bit_mime = eight_bit_mime && has.eight_bit_mime;
  smtp_utf8 = smtp_utf8 && has.smtp_utf8;
  dsn = dsn && has.dsn;
  require_tls = require_tls && has.require_tls && said->tls_verified;
  if (has.has_size && has.size > kRoomForOurFields)
    size = std::min(size.value_or(has.size), has.size - kRoomForOurFields);
}

Offer offer_of(const Upstreams& upstreams) {
  Offer all;
  bool any = false;
  for (const bool healthy : {true, false}) {
    for (const auto& upstream : upstreams) {
      if (healthy == upstream->breaker->open()) continue;
      all.narrow(upstream->last_hello.said());
      any = true;
    }
    if (any) return all;
  }
  all.narrow(std::nullopt);
  return all;
}

}  // namespace sekisho::upstream
