#include "gateway/connection_limits.h"

namespace sekisho {

std::expected<ConnectionLimits::Ticket, ConnectionLimits::Refusal> ConnectionLimits::admit(
    const IpAddress& client, std::int64_t max_in_all, std::int64_t max_from_client) {
  const IpAddress key = client.client_key();
  const std::lock_guard lock(mutex_);
  if (total_ >= max_in_all) return std::unexpected(Refusal::too_many_in_all);
  std::int64_t& count = by_client_[key];
  if (count >= max_from_client) return std::unexpected(Refusal::too_many_from_client);
  ++count;
  ++total_;
  return Ticket(*this, key);
}

void ConnectionLimits::release(const IpAddress& client) {
  const std::lock_guard lock(mutex_);
  --total_;
  const auto found = by_client_.find(client);
  if (found != by_client_.end() && --found->second == 0) by_client_.erase(found);
}

std::int64_t ConnectionLimits::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

std::string_view describe(ConnectionLimits::Refusal refusal) {
  return refusal == ConnectionLimits::Refusal::too_many_from_client
             ? "too many connections from your address"
             : "too many connections, try again later";
}

}  // namespace sekisho
