#include "gateway/upstream/connection_slot.h"

#include <utility>

namespace sekisho::upstream {

std::optional<ConnectionSlot> ConnectionSlot::take(std::shared_ptr<Upstream> upstream,
                                                   std::weak_ptr<SlotHeir> heir) {
  const std::int64_t limit = upstream->settings.max_connections;
  std::int64_t used = upstream->connections.load();
  do {
    if (used >= limit) return std::nullopt;
  } while (!upstream->connections.compare_exchange_weak(used, used + 1));
  ConnectionSlot slot;
  slot.upstream_ = std::move(upstream);
  slot.heir_ = std::move(heir);
  return slot;
}

ConnectionSlot& ConnectionSlot::operator=(ConnectionSlot&& other) noexcept {
  if (this != &other) {
    release();
    upstream_ = std::move(other.upstream_);
    heir_ = std::move(other.heir_);
  }
  return *this;
}

void ConnectionSlot::release() noexcept {
  if (!upstream_) return;
  if (const auto heir = heir_.lock(); heir && heir->inherit(*this)) return;
  --upstream_->connections;
  upstream_.reset();
}

}  // namespace sekisho::upstream
