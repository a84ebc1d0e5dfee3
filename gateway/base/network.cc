// Network and NetworkSet of ip.h.
#include <algorithm>
#include <tuple>
#include <utility>

#include "gateway/base/ip.h"
#include "gateway/base/text.h"

namespace sekisho {
namespace {

bool is_v6(const Network& network) { return !network.address().is_v4(); }

// IPv4 before IPv6, then the longest prefix first, so that the networks of one length stand
// together, ordered by address.
auto order(const Network& network) {
  return std::tuple(is_v6(network), -network.prefix(), network.address());
}

std::optional<int> parse_prefix(std::string_view digits, int max) {
  const auto number = parse_uint(digits);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (!number || padded || *number > static_cast<std::uint64_t>(max)) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  const auto address = IpAddress::parse(host);
  if (!address) {
    return fail(ErrorKind::invalid, "'" + std::string(text) + "' is not an IP address or network");
  }
  Network network;
  network.address_ = *address;
  network.prefix_ = address->bits();
  if (slash == std::string_view::npos) return network;

  // ::ffff:10.0.0.0/104 is 10.0.0.0/8; a shorter prefix would hold IPv6 addresses as well.
  const int unmapped_bits = address->is_v4() && host.contains(':') ? 96 : 0;
  const int max = address->bits() + unmapped_bits;
  const auto prefix = parse_prefix(text.substr(slash + 1), max);
  if (!prefix || *prefix < unmapped_bits) {
    return fail(ErrorKind::invalid, "the prefix length of '" + std::string(text) +
                                        "' must be a number from " + std::to_string(unmapped_bits) +
                                        " to " + std::to_string(max));
  }
  network.prefix_ = *prefix - unmapped_bits;
  if (const auto meant = address->masked(network.prefix_); meant != *address) {
    network.address_ = meant;
    return fail(ErrorKind::invalid, "'" + std::string(text) +
                                        "' has bits set behind its prefix; did you mean '" +
                                        network.to_string() + "'?");
  }
  return network;
}

bool Network::contains(const IpAddress& address) const {
  return address.is_v4() == address_.is_v4() && address.masked(prefix_) == address_;
}

bool Network::contains(const Network& inner) const {
  return prefix_ <= inner.prefix_ && contains(inner.address_);
}

std::string Network::to_string() const {
  return address_.to_string() + "/" + std::to_string(prefix_);
}

bool Network::is_private() const {
  static const std::vector<Network> kPrivate = [] {
    std::vector<Network> networks;
    for (const auto* text : {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                             "169.254.0.0/16", "::1", "fc00::/7", "fe80::/10"}) {
      networks.push_back(parse(text).value());
    }
    return networks;
  }();
  return std::ranges::any_of(kPrivate,
                             [this](const Network& range) { return range.contains(*this); });
}

NetworkSet::NetworkSet(std::vector<Network> networks) : networks_(std::move(networks)) {
  std::ranges::sort(networks_, {}, order);
}

const Network* NetworkSet::find(const IpAddress& address) const {
  // One binary search for each prefix length that occurs.
  auto at = std::ranges::lower_bound(networks_, !address.is_v4(), {}, is_v6);
  while (at != networks_.end() && is_v6(*at) == !address.is_v4()) {
    const int prefix = at->prefix();
    const auto end = std::partition_point(at, networks_.end(), [&](const Network& network) {
      return is_v6(network) == !address.is_v4() && network.prefix() == prefix;
    });
    const auto wanted = address.masked(prefix);
    const auto hit = std::ranges::lower_bound(at, end, wanted, {}, &Network::address);
    if (hit != end && hit->address() == wanted) return &*hit;
    at = end;
  }
  return nullptr;
}

}  // namespace sekisho
