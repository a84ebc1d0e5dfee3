// ConnectionLimits: how many connections there are, in all and from each client (an IPv4 address or
// an IPv6 /64). Shared by all loop threads. A Ticket counts one connection for as long as it lives.
#pragma once

#include <cstdint>
#include <expected>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gateway/base/ip.h"

namespace sekisho {

class ConnectionLimits {
 public:
  class Ticket {
   public:
    Ticket(ConnectionLimits& limits, IpAddress client) : limits_(&limits), client_(client) {}
    Ticket(Ticket&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), client_(other.client_) {}
    Ticket& operator=(Ticket&&) = delete;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() {
      if (limits_ != nullptr) limits_->release(client_);
    }

   private:
    ConnectionLimits* limits_;
    IpAddress client_;
  };

  enum class Refusal : std::uint8_t { too_many_in_all, too_many_from_client };
  // The bounds are arguments because a reload may change them.
  std::expected<Ticket, Refusal> admit(const IpAddress& client, std::int64_t max_in_all,
                                       std::int64_t max_from_client);
  [[nodiscard]] std::int64_t total() const;

 private:
  void release(const IpAddress& client);

  mutable std::mutex mutex_;
  std::int64_t total_ = 0;                                 // guarded by mutex_
  std::unordered_map<IpAddress, std::int64_t> by_client_;  // guarded by mutex_; keys: client_key()
};

// For the client and for the log.
std::string_view describe(ConnectionLimits::Refusal refusal);

}  // namespace sekisho
