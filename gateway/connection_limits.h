// ConnectionLimits: how many connections there are, in all, from each client (an IPv4 address or an
// IPv6 /64), and of proxies that haven't told their client yet. Shared by all loop threads. A
// Ticket counts one connection for as long as it lives.
#pragma once

#include <cstdint>
#include <expected>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

#include "gateway/base/ip.h"

namespace sekisho {

class ConnectionLimits {
 public:
  enum class Refusal : std::uint8_t { too_many_in_all, too_many_from_client, too_many_unannounced };
  // Whose connection it is.
  struct Unannounced {};  // a proxy's, whose header hasn't come
  struct Nobody {};       // a proxy's own, or one of a Unix socket
  using Holder = std::variant<IpAddress, Unannounced, Nobody>;

  class Ticket {
   public:
    Ticket(ConnectionLimits& limits, Holder holder) : limits_(&limits), holder_(holder) {}
    Ticket(Ticket&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), holder_(other.holder_) {}
    Ticket& operator=(Ticket&&) = delete;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() {
      if (limits_ != nullptr) limits_->release(holder_);
    }
    // Another client's from here on, or nobody's. Refused, it stays as it was.
    std::expected<void, Refusal> charge(const IpAddress& client, std::int64_t max_from_client);
    void charge_nobody();

   private:
    ConnectionLimits* limits_;
    Holder holder_;
  };

  // The bounds are arguments because a reload may change them.
  std::expected<Ticket, Refusal> admit(const IpAddress& client, std::int64_t max_in_all,
                                       std::int64_t max_from_client);
  std::expected<Ticket, Refusal> admit_unannounced(std::int64_t max_in_all,
                                                   std::int64_t max_unannounced);
  // Whose client can't be told.
  std::expected<Ticket, Refusal> admit_nobody(std::int64_t max_in_all);
  [[nodiscard]] std::int64_t total() const;

 private:
  // These two with mutex_ held.
  std::expected<void, Refusal> add(const IpAddress& key, std::int64_t max_from_client);
  void remove(const Holder& holder);
  void release(const Holder& holder);

  mutable std::mutex mutex_;
  std::int64_t total_ = 0;                                 // guarded by mutex_
  std::int64_t unannounced_ = 0;                           // guarded by mutex_
  std::unordered_map<IpAddress, std::int64_t> by_client_;  // guarded by mutex_; keys: client_key()
};

// For the client and for the log.
std::string_view describe(ConnectionLimits::Refusal refusal);

}  // namespace sekisho
