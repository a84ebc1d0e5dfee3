// The elements of [relay]: what would make an open relay of the gateway is refused where it stands.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "gateway/base/ip.h"
#include "gateway/base/text.h"
#include "gateway/config/check.h"

namespace sekisho::config {
namespace {

// Wider ones are refused whoever owns them …
constexpr int kWidestIpv4 = 8;
constexpr int kWidestIpv6 = 32;
// … and public ones must fit into what one site has.
constexpr int kWidestPublicIpv4 = 24;
constexpr int kWidestPublicIpv6 = 48;

struct Complaint {
  std::string why;
  std::string hint;
};

bool within(const Network& network, std::string_view range) {
  const Network outer = Network::parse(range).value();
  return outer.prefix() <= network.prefix() && outer.contains(network.address());
}

// What no confirmation can allow, and what needs one.
std::optional<Complaint> network_complaint(const Network& network, bool may_be_public) {
  const std::string shown = network.to_string();
  const bool v4 = network.address().is_v4();
  const std::string own = "name the networks of your own machines";
  if (network.prefix() == 0) {
    return Complaint{shown + " is the whole Internet: this would be an open relay", own};
  }
  if (const int widest = v4 ? kWidestIpv4 : kWidestIpv6; network.prefix() < widest) {
    return Complaint{fmt::format("{} is wider than /{}: strangers in it could relay without a "
                                 "password",
                                 shown, widest),
                     own};
  }
  if (!v4 && (within(network, "64:ff9b::/32"))) {
    return Complaint{shown + " is a NAT64 range: all of the IPv4 Internet can arrive from it", own};
  }
  if (v4 && within(network, "224.0.0.0/3")) {
    return Complaint{shown + " holds no address of a client", own};
  }
  if (network.is_private()) return std::nullopt;
  const int widest = v4 ? kWidestPublicIpv4 : kWidestPublicIpv6;
  if (network.prefix() < widest) {
    return Complaint{fmt::format("{} is a public network wider than /{}: every host in it could "
                                 "relay without a password",
                                 shown, widest),
                     "name narrower ones, or let these clients log in on a submission listener"};
  }
  if (!may_be_public) {
    return Complaint{
        shown + " is a public network: every host in it could relay without a password",
        "if all of its addresses are yours, set networks_may_be_public = true"};
  }
  return std::nullopt;
}

void check_networks(const Node& networks, bool may_be_public, Problems& problems) {
  for (std::size_t i = 0; i < networks.items.size(); ++i) {
    const Node& item = networks.items[i];
    const Result<Network> network = Network::parse(item.text);
    if (item.kind != Node::Kind::text || !network) continue;  // told when it is read
    if (auto complaint = network_complaint(*network, may_be_public)) {
      problems.error(fmt::format("relay.networks[{}]", i), item.place,
                     "relay.networks: " + complaint->why, std::move(complaint->hint));
      continue;
    }
    const bool loopback = within(*network, "127.0.0.0/8") || within(*network, "::1");
    const bool single = network->prefix() == network->address().bits();
    if (network->is_private() && !loopback && !single) {
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

// "*.co.uk" and the like: registries that sell names one level down.
bool is_registry(std::string_view domain) {
  constexpr std::array<std::string_view, 12> kSecondLevel = {
      "ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ne", "net", "or", "org"};
  const auto dot = domain.find('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view country = domain.substr(dot + 1);
  return country.size() == 2 && std::ranges::all_of(country, is_alpha) &&
         std::ranges::find(kSecondLevel, to_lower(domain.substr(0, dot))) != kSecondLevel.end();
}

void check_domains(const Node& domains, Problems& problems) {
  for (std::size_t i = 0; i < domains.items.size(); ++i) {
    const Node& item = domains.items[i];
    if (item.kind != Node::Kind::text) continue;
    const std::string setting = fmt::format("relay.domains[{}]", i);
    const std::string_view entry = item.text;
    const std::string_view below = entry.starts_with("*.") ? entry.substr(2) : std::string_view();
    if (entry == "*" || entry == "*.*") {
      problems.error(setting, item.place,
                     "relay.domains: this would make you an open relay for every domain",
                     "name your own domains");
    } else if (is_registry(below)) {
      problems.error(
          setting, item.place,
          fmt::format("relay.domains: \"{}\" would make you an open relay for everybody's "
                      "domains under {}",
                      entry, below),
          "name your own domains");
    } else if (entry.starts_with('.') && entry.size() > 1) {
      problems.error(setting, item.place,
                     fmt::format("relay.domains: \"{}\" is not a domain name", entry),
                     fmt::format("write \"*{}\" for the domains below it", entry));
    } else if (entry.ends_with('.') && entry.size() > 1) {
      problems.error(setting, item.place,
                     fmt::format("relay.domains: \"{}\" ends with a dot", entry),
                     fmt::format("write \"{}\"", entry.substr(0, entry.size() - 1)));
    }
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
