#include "gateway/upstream/upstream_side.h"

#include <algorithm>

namespace sekisho::upstream {

void Waiter::join(const std::vector<std::shared_ptr<UpstreamSide>>& sides) {
  if (!places_.empty()) return;  // keeps its place
  for (const auto& side : sides)
    places_.emplace_back(side, side->line_.insert(side->line_.end(), this));
}

void Waiter::leave() {
  for (const auto& [side, place] : std::exchange(places_, {})) {
    const bool was_first = side->line_.front() == this;
    side->line_.erase(place);
    // Only the first in line looks for slots that other loops gave back.
    if (side->line_.empty())
      side->upstream_->wanted = false;
    else if (was_first)
      side->line_.front()->look_again();
  }
}

void Waiter::give(Lease lease) {
  given_ = std::move(lease);
  leave();
  woken_.notify();
}

bool Waiter::ask_other_loops() {
  bool first_somewhere = false;
  for (const auto& [side, place] : places_) {
    if (side->line_.front() != this) continue;
    side->upstream_->wanted = true;
    first_somewhere = true;
  }
  return first_somewhere;
}

std::optional<Lease> UpstreamSide::take_idle(TimePoint now, std::vector<Lease>& spent) {
  while (!idle_.empty()) {
    Idle newest = std::move(idle_.back());
    idle_.pop_back();
    if (now < expiry_of(newest) && !newest.lease.client->stale()) return std::move(newest.lease);
    spent.push_back(std::move(newest.lease));
  }
  return std::nullopt;
}

std::optional<ConnectionSlot> UpstreamSide::slot_for(const Waiter& waiter) {
  if (!line_.empty() && line_.front() != &waiter) return std::nullopt;
  auto slot = ConnectionSlot::take(upstream_, weak_from_this());
  if (!slot && waiter.fresh_only() && !idle_.empty()) {
    // Out of the list first: the slot that it gives back must find the line as it is.
    {
      const Idle oldest = std::move(idle_.front());
      idle_.pop_front();
    }
    slot = ConnectionSlot::take(upstream_, weak_from_this());
  }
  return slot;
}

std::optional<Lease> UpstreamSide::keep(Lease lease, TimePoint now) {
  if (!line_.empty()) {
    // For one that wants a fresh connection this one is closed: it inherits the slot.
    if (line_.front()->fresh_only()) return lease;
    lease.fresh = false;
    line_.front()->give(std::move(lease));
    return std::nullopt;
  }
  if (upstream_->wanted.exchange(false)) return lease;
  lease.fresh = false;
  idle_.push_back({std::move(lease), now});
  return std::nullopt;
}

void UpstreamSide::sweep(TimePoint now, std::vector<Lease>& spent) {
  bool give_one = !idle_.empty() && upstream_->wanted.exchange(false);
  for (auto at = idle_.begin(); at != idle_.end();) {
    if (now >= expiry_of(*at) || at->lease.client->stale() || std::exchange(give_one, false)) {
      spent.push_back(std::move(at->lease));
      at = idle_.erase(at);
    } else {
      ++at;
    }
  }
}

TimePoint UpstreamSide::expiry_of(const Idle& one) const {
  return std::min(one.since + Duration(upstream_->settings.idle), one.lease.lifetime.end);
}

bool UpstreamSide::inherit(ConnectionSlot& slot) {
  if (line_.empty()) return false;
  line_.front()->give(Lease{upstream_, std::move(slot), nullptr, false, {}});
  return true;
}

std::optional<TimePoint> UpstreamSide::next_expiry() const {
  std::optional<TimePoint> next;
  for (const Idle& one : idle_) next = std::min(next.value_or(TimePoint::max()), expiry_of(one));
  return next;
}

}  // namespace sekisho::upstream
