#include <fmt/format.h>

#include "gateway/relay/relay_gate.h"

namespace sekisho::relay {
namespace {

// One provider's or one firm's allocation is at most this large: a /8 of IPv4, a /19 of IPv6.
constexpr int kWidestIpv4 = 8;
constexpr int kWidestIpv6 = 19;

}  // namespace

Result<void> check_trusted_network(const Network& network, bool may_be_public) {
  if (network.is_private()) return {};
  const int widest = network.address().is_v4() ? kWidestIpv4 : kWidestIpv6;
  if (network.prefix() < widest) {
    return fail(ErrorKind::invalid,
                fmt::format("{} would make this an open relay: any client in it could send to "
                            "anybody without logging in. Name the networks of your own machines",
                            network.to_string()));
  }
  if (!may_be_public) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is a public network: every host in it could relay without logging "
                            "in. If all of them are yours, set networks_may_be_public = true",
                            network.to_string()));
  }
  return {};
}

void RelaySettings::visit(SettingsVisitor& v) {
  v.field("domains", domains,
          "Recipient domains that are ours: \"example.com\" is that domain alone, "
          "\"*.example.com\" every domain below it.");
  v.field("domains_file", domains_file,
          "A file with more of them, one a line, with # comments. Read again when it changes; a "
          "broken file leaves the former content in force.");
  v.field("networks", networks,
          "Clients in these networks may send to anybody without logging in, on listeners with the "
          "profile \"internal\". Behind NAT or a container bridge all clients can look like one "
          "private address: name such a network only when that is not so.");
  v.field("networks_may_be_public", networks_may_be_public,
          "Confirms that networks outside the private ranges are meant. Networks wider than /8 "
          "(IPv6: /19) are refused all the same.");

  for (const std::string& entry : domains) {
    if (const auto good = DomainSet::check(entry); !good) v.error("domains", good.error().text);
  }
  for (const Network& network : networks) {
    const auto good = check_trusted_network(network, networks_may_be_public);
    if (!good) v.error("networks", good.error().text);
  }
}

}  // namespace sekisho::relay
