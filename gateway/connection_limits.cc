#include "gateway/connection_limits.h"

namespace sekisho {

std::expected<ConnectionLimits::Ticket, ConnectionLimits::Refusal> ConnectionLimits::admit(
    const IpAddress& client, std::int64_t max_in_all, std::int64_t max_from_client) {
  const IpAddress key = client.client_key();
  const std::lock_guard lock(mutex_);
  if (total_ >= max_in_all) return std::unexpected(Refusal::too_many_in_all);
  if (const auto added = add(key, max_from_client); !added) return std::unexpected(added.error());
  ++total_;
  return Ticket(*this, key);
}

std::expected<ConnectionLimits::Ticket, ConnectionLimits::Refusal>
ConnectionLimits::admit_unannounced(std::int64_t max_in_all, std::int64_t max_unannounced) {
  const std::lock_guard lock(mutex_);
  if (total_ >= max_in_all) return std::unexpected(Refusal::too_many_in_all);
  if (unannounced_ >= max_unannounced) return std::unexpected(Refusal::too_many_unannounced);
  ++unannounced_;
  ++total_;
  return Ticket(*this, Unannounced{});
}

std::expected<void, ConnectionLimits::Refusal> ConnectionLimits::Ticket::charge(
    const IpAddress& client, std::int64_t max_from_client) {
  const IpAddress key = client.client_key();
  const std::lock_guard lock(limits_->mutex_);
  const auto* now = std::get_if<IpAddress>(&holder_);
  if (now != nullptr && *now == key) return {};
  if (const auto added = limits_->add(key, max_from_client); !added) return added;
  limits_->remove(holder_);
  holder_ = key;
  return {};
}

std::expected<ConnectionLimits::Ticket, ConnectionLimits::Refusal> ConnectionLimits::admit_nobody(
    std::int64_t max_in_all) {
  const std::lock_guard lock(mutex_);
  if (total_ >= max_in_all) return std::unexpected(Refusal::too_many_in_all);
  ++total_;
  return Ticket(*this, Nobody{});
}

void ConnectionLimits::Ticket::charge_nobody() {
  const std::lock_guard lock(limits_->mutex_);
  limits_->remove(holder_);
  holder_ = Nobody{};
}

std::expected<void, ConnectionLimits::Refusal> ConnectionLimits::add(const IpAddress& key,
                                                                     std::int64_t max_from_client) {
  std::int64_t& count = by_client_[key];
  if (count >= max_from_client) return std::unexpected(Refusal::too_many_from_client);
  ++count;
  return {};
}

void ConnectionLimits::remove(const Holder& holder) {
  if (std::holds_alternative<Unannounced>(holder)) --unannounced_;
  const auto* client = std::get_if<IpAddress>(&holder);
  if (client == nullptr) return;
  const auto found = by_client_.find(*client);
  if (found != by_client_.end() && --found->second == 0) by_client_.erase(found);
}

void ConnectionLimits::release(const Holder& holder) {
  const std::lock_guard lock(mutex_);
  --total_;
  remove(holder);
}

std::int64_t ConnectionLimits::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

std::string_view describe(ConnectionLimits::Refusal refusal) {
  switch (refusal) {
    case ConnectionLimits::Refusal::too_many_from_client:
      return "too many connections from your address";
    case ConnectionLimits::Refusal::too_many_unannounced:
    case ConnectionLimits::Refusal::too_many_in_all:
      break;
  }
  return "too many connections, try again later";
}

}  // namespace sekisho
