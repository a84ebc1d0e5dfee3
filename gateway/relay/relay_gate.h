// RelayGate: the one place where the right to relay is computed (promise 1). It grants from exactly
// three sources: an authenticated identity, a named client network, a recipient domain of ours.
// Everything else is 550 5.7.1. Filters run after it and never see a grant.
// Immutable but for the domain set's content, which reloads by itself; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/ip.h"
#include "gateway/base/settings_visitor.h"
#include "gateway/relay/domain_set.h"
#include "gateway/smtp/address.h"
#include "gateway/smtp/reply.h"

namespace sekisho::relay {

// The proof that one recipient may be sent on. Only RelayGate::decide() makes one; without one no
// recipient reaches an upstream (Delivery::add_recipient takes it by value).
class RelayGrant {
 public:
  enum class Source : std::uint8_t { authenticated, client_network, local_domain };
  [[nodiscard]] Source source() const { return source_; }
  [[nodiscard]] const smtp::Mailbox& recipient() const { return recipient_; }

 private:
  friend class RelayGate;
  RelayGrant(Source source, smtp::Mailbox recipient)
      : source_(source), recipient_(std::move(recipient)) {}
  Source source_;
  smtp::Mailbox recipient_;
};
std::string_view to_string(RelayGrant::Source source);

// [relay]
struct RelaySettings {
  std::vector<std::string> domains;
  std::filesystem::path domains_file;
  std::vector<Network> networks;
  bool networks_may_be_public = false;

  void visit(SettingsVisitor& v);
  bool operator==(const RelaySettings&) const = default;
};

// What a listener lets count. Set by its profile; a listener can't widen it.
struct RelayPolicy {
  bool by_authentication = false;
  bool by_network = false;
  bool by_local_domain = false;
};

struct RelayQuestion {
  RelayPolicy policy;
  std::string_view authenticated_user;  // empty: none
  IpAddress client;
  bool client_is_known = true;  // false: it is the address of a proxy that speaks for nobody named
  const NetworkSet* listener_networks = nullptr;  // instead of relay.networks; null: those
  smtp::Mailbox recipient;
  bool source_route = false;
};

class RelayGate {
 public:
  // Errors of the settings (a broken domains file, a network that would make an open relay) are
  // Error values that name the place.
  static Result<std::shared_ptr<const RelayGate>> create(const RelaySettings& settings);

  [[nodiscard]] std::expected<RelayGrant, smtp::Reply> decide(const RelayQuestion& question) const;
  [[nodiscard]] bool is_local_domain(std::string_view domain) const;
  [[nodiscard]] bool is_trusted_client(const IpAddress& client) const;
  // Looks whether the domains file changed and takes its new content, or keeps the old one and
  // returns why. Reads the disk: call it on the Offload pool.
  Result<bool> reload_if_changed() const;

 private:
  RelayGate(std::shared_ptr<DomainSet> domains, NetworkSet networks);
  [[nodiscard]] bool is_in_network(const RelayQuestion& question) const;
  [[nodiscard]] bool is_local_recipient(const smtp::Mailbox& recipient) const;

  std::shared_ptr<DomainSet> domains_;
  NetworkSet networks_;
};

}  // namespace sekisho::relay
