// Throttle: slows password guessing. Counts failures per client (IPv4 address, IPv6 /64) and per
// account, says how long the next answer has to wait, and refuses a client for a while after too
// many. An account's failures only ever slow its log-ins a little: guessers must not lock its owner
// out. Pure but for its mutex: time is an argument. Bounded memory; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/aged_map.h"
#include "gateway/base/ip.h"
#include "gateway/base/settings_visitor.h"
#include "gateway/base/time.h"

namespace sekisho::auth {

struct ThrottleSettings {
  std::chrono::milliseconds first_delay{500};  // after the first failure; doubles with each
  std::chrono::milliseconds max_delay{10'000};
  std::int64_t max_failures_per_client = 20;  // within `window`; then refused until it has passed
  std::chrono::milliseconds window{10 * 60 * 1000};

  void visit(SettingsVisitor& v);
  bool operator==(const ThrottleSettings&) const = default;
};

class Throttle {
 public:
  static constexpr Duration kMaxAccountDelay = std::chrono::seconds(2);
  static constexpr std::size_t kMaxRecords = 100'000;  // of clients, and as many of accounts

  explicit Throttle(const ThrottleSettings& settings, std::size_t max_records = kMaxRecords);

  struct Advice {
    bool refuse = false;      // too many failures from this client: 454 4.7.0, no hash is computed
    Duration delay{};         // before the verdict is told
    Duration client_delay{};  // the part of it that this client itself earned
  };
  // `user` empty: the name was no name; only the client counts.
  [[nodiscard]] Advice ask(const IpAddress& client, std::string_view user, TimePoint now);
  void failed(const IpAddress& client, std::string_view user, TimePoint now);
  // Forgets the account's failures, and the client's when all of them were on this account: a
  // typing error is forgiven, but a guesser can't clear its record with an account of its own.
  void succeeded(const IpAddress& client, std::string_view user);

  [[nodiscard]] std::size_t records();  // of clients and accounts together

 private:
  // Accounts are kept by a hash of the name: names come from strangers and are long, and two that
  // collide only slow each other.
  using AccountKey = std::uint64_t;
  struct Record {
    std::int64_t failures = 0;
    TimePoint last{};
    std::optional<AccountKey> only_account;  // of a client: all its failures were on this one
  };
  static AccountKey account_key(std::string_view user);
  [[nodiscard]] bool over(const Record& record, TimePoint now) const;
  [[nodiscard]] Duration delay_after(std::int64_t failures) const;
  void expire(TimePoint now);

  ThrottleSettings settings_;
  std::mutex mutex_;
  AgedMap<IpAddress, Record> clients_;    // guarded by mutex_; by IpAddress::client_key()
  AgedMap<AccountKey, Record> accounts_;  // guarded by mutex_
};

}  // namespace sekisho::auth
