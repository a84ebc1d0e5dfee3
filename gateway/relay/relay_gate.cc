#include "gateway/relay/relay_gate.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/relay/trusted_network.h"

namespace sekisho::relay {
namespace {

std::unexpected<smtp::Reply> deny(const smtp::Mailbox& recipient, std::string_view why) {
  return std::unexpected(smtp::Reply::of(
      550, "5.7.1",
      fmt::format("<{}>: relaying denied{}", encode_for_smtp(recipient.to_string()), why)));
}

// "By our domain" means that the upstream delivers it to one of our mailboxes. A local part that
// carries an address of its own would leave again from an upstream that honours it.
std::string_view disguise(const RelayQuestion& question) {
  if (question.source_route) return " (source routes are not taken)";
  if (question.recipient.hides_another_address()) return " (the local part holds another address)";
  return {};
}

}  // namespace

std::string_view to_string(RelayGrant::Source source) {
  switch (source) {
    case RelayGrant::Source::authenticated:
      return "authenticated";
    case RelayGrant::Source::client_network:
      return "client_network";
    case RelayGrant::Source::local_domain:
      return "local_domain";
  }
  return "unknown";
}

RelayGate::RelayGate(std::shared_ptr<DomainSet> domains, NetworkSet networks)
    : domains_(std::move(domains)), networks_(std::move(networks)) {}

Result<std::shared_ptr<const RelayGate>> RelayGate::create(const RelaySettings& settings) {
  for (const Network& network : settings.networks) {
    const auto trusted = check_trusted_network(network, settings.networks_may_be_public);
    if (!trusted) return fail(ErrorKind::invalid, "relay.networks: " + trusted.error().text);
  }
  auto domains = DomainSet::create(settings.domains, settings.domains_file);
  if (!domains) return std::unexpected(domains.error());
  return std::shared_ptr<const RelayGate>(
      new RelayGate(std::move(*domains), NetworkSet(settings.networks)));
}

std::expected<RelayGrant, smtp::Reply> RelayGate::decide(const RelayQuestion& question) const {
  using Source = RelayGrant::Source;
  const smtp::Mailbox& recipient = question.recipient;
  const RelayPolicy& policy = question.policy;

  if (policy.by_authentication && !question.authenticated_user.empty()) {
    return RelayGrant(Source::authenticated, recipient);
  }
  if (policy.by_network && question.client_is_known && is_in_network(question)) {
    return RelayGrant(Source::client_network, recipient);
  }
  if (policy.by_local_domain && is_local_recipient(recipient)) {
    if (const auto why = disguise(question); !why.empty()) return deny(recipient, why);
    return RelayGrant(Source::local_domain, recipient);
  }
  return deny(recipient, policy.by_authentication ? " (log in first)" : "");
}

bool RelayGate::is_in_network(const RelayQuestion& question) const {
  const NetworkSet& networks =
      question.listener_networks != nullptr ? *question.listener_networks : networks_;
  return networks.find(question.client) != nullptr;
}

bool RelayGate::is_local_recipient(const smtp::Mailbox& recipient) const {
  if (recipient.literal) return false;
  // <postmaster> alone is the postmaster of whatever domains there are (RFC 5321 section 4.5.1).
  if (recipient.domain.empty()) {
    return iequals(recipient.local, "postmaster") && !domains_->empty();
  }
  return domains_->contains(recipient.domain);
}

bool RelayGate::is_local_domain(std::string_view domain) const {
  return domains_->contains(domain);
}

bool RelayGate::is_trusted_client(const IpAddress& client) const {
  return networks_.find(client) != nullptr;
}

Result<bool> RelayGate::reload_if_changed() const { return domains_->reload_if_changed(); }

}  // namespace sekisho::relay
