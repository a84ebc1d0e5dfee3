#include "gateway/relay/trusted_network.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sekisho::relay {
namespace {

// Wider ones are refused whoever owns them …
constexpr int kWidestIpv4 = 8;
constexpr int kWidestIpv6 = 32;
// … and public ones must fit into what one site has.
constexpr int kWidestPublicIpv4 = 24;
constexpr int kWidestPublicIpv6 = 48;

// RFC 6052 and RFC 8215: NAT64, by whose gateways all of the IPv4 Internet can arrive.
bool is_translated(const Network& network) {
  static const Network kNat64 = Network::parse("64:ff9b::/32").value();
  return kNat64.contains(network);
}

// Unspecified, multicast and reserved addresses: none of them is the source of a connection.
bool holds_no_client(const Network& network) {
  static const std::vector<Network> kNone = [] {
    std::vector<Network> none;
    for (const char* text : {"0.0.0.0/8", "224.0.0.0/3", "::", "ff00::/8"})
      none.push_back(Network::parse(text).value());
    return none;
  }();
  return std::ranges::any_of(kNone, [&](const Network& none) { return none.contains(network); });
}

}  // namespace

std::optional<NetworkObjection> object_to_network(const Network& network, bool may_be_public) {
  const auto object = [&](std::string_view why, std::string_view remedy) {
    return NetworkObjection{fmt::format("{} {}", network.to_string(), why), std::string(remedy)};
  };
  constexpr std::string_view kOwn = "name the networks of your own machines";
  const bool v4 = network.address().is_v4();
  if (network.prefix() == 0)
    return object("is the whole Internet: this would be an open relay", kOwn);
  if (holds_no_client(network)) return object("holds no address of a client", kOwn);
  if (const int widest = v4 ? kWidestIpv4 : kWidestIpv6; network.prefix() < widest)
    return object(
        fmt::format("is wider than /{}: strangers in it could relay without a password", widest),
        kOwn);
  if (is_translated(network))
    return object("is a NAT64 range: all of the IPv4 Internet can arrive from it", kOwn);
  if (network.is_private()) return std::nullopt;
  if (const int widest = v4 ? kWidestPublicIpv4 : kWidestPublicIpv6; network.prefix() < widest)
    return object(fmt::format("is a public network wider than /{}: every host in it could relay "
                              "without a password",
                              widest),
                  "name narrower ones, or let these clients log in on a submission listener");
  if (!may_be_public)
    return object("is a public network: every host in it could relay without a password",
                  "if all of its addresses are yours, set networks_may_be_public = true");
  return std::nullopt;
}

Result<void> check_trusted_network(const Network& network, bool may_be_public) {
  const auto objection = object_to_network(network, may_be_public);
  if (!objection) return {};
  return fail(ErrorKind::invalid, fmt::format("{}; {}", objection->why, objection->remedy));
}

}  // namespace sekisho::relay
