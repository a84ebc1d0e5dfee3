#include "gateway/relay/relay_gate.h"
#include "gateway/relay/trusted_network.h"

namespace sekisho::relay {
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
          "Confirms that networks outside the private ranges are meant. Public networks wider than "
          "/24 (IPv6: /48) and any network wider than /8 (IPv6: /32) are refused all the same.");

  for (const std::string& entry : domains) {
    if (const auto good = DomainSet::check(entry); !good) v.error("domains", good.error().text);
  }
  for (const Network& network : networks) {
    const auto good = check_trusted_network(network, networks_may_be_public);
    if (!good) v.error("networks", good.error().text);
  }
}

}  // namespace sekisho::relay
