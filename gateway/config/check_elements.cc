// The elements of [relay]: what would make an open relay of the gateway is refused where it stands.
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/ip.h"
#include "gateway/config/check.h"
#include "gateway/relay/domain_set.h"
#include "gateway/relay/trusted_network.h"

namespace sekisho::config {
namespace {

void check_networks(const Node& networks, bool may_be_public, Problems& problems) {
  for (std::size_t i = 0; i < networks.items.size(); ++i) {
    const Node& item = networks.items[i];
    const Result<Network> network = Network::parse(item.text);
    if (item.kind != Node::Kind::text || !network) continue;  // told when it is read
    if (auto objection = relay::object_to_network(*network, may_be_public)) {
      problems.error(fmt::format("relay.networks[{}]", i), item.place,
                     "relay.networks: " + objection->why, std::move(objection->remedy));
      continue;
    }
    const bool single = network->prefix() == network->address().bits();
    if (network->is_private() && !network->address().is_loopback() && !single) {
      problems.warning(
          item.place,
          fmt::format("relay.networks: {} is trusted as a whole: behind NAT or a container bridge "
                      "strangers can arrive from a private address (one port forwarded by the "
                      "router is enough), and every broken-into device in it may send as anybody",
                      network->to_string()),
          "better name single hosts, or let them log in");
    }
  }
}

// What was probably meant, where that can be guessed.
std::string domain_hint(std::string_view entry) {
  if (entry.starts_with('.') && entry.size() > 1)
    return fmt::format("write \"*{}\" for the domains below it", entry);
  if (entry.ends_with('.') && entry.size() > 1)
    return fmt::format("write \"{}\"", entry.substr(0, entry.size() - 1));
  return "name your own domains";
}

void check_domains(const Node& domains, Problems& problems) {
  for (std::size_t i = 0; i < domains.items.size(); ++i) {
    const Node& item = domains.items[i];
    if (item.kind != Node::Kind::text) continue;
    if (const auto good = relay::DomainSet::check(item.text); !good)
      problems.error(fmt::format("relay.domains[{}]", i), item.place,
                     "relay.domains: " + good.error().text, domain_hint(item.text));
  }
}

}  // namespace

void check_elements(const Document& document, Problems& problems) {
  const Node* may_be_public = document.root.find("relay.networks_may_be_public");
  if (const Node* networks = document.root.find("relay.networks")) {
    check_networks(*networks, may_be_public != nullptr && may_be_public->boolean, problems);
  }
  if (const Node* domains = document.root.find("relay.domains")) check_domains(*domains, problems);
}

}  // namespace sekisho::config
