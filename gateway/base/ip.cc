#include "gateway/base/ip.h"

#include <algorithm>
#include <cstring>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "gateway/base/text.h"

namespace sekisho {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton() wants a C string, so a NUL inside would hide what follows it.
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.contains('\0')) return std::nullopt;
  std::ranges::copy(text, buffer.begin());
  if (std::array<std::uint8_t, 4> four{}; inet_pton(AF_INET, buffer.data(), four.data()) == 1) {
    return v4(four);
  }
  if (std::array<std::uint8_t, 16> six{}; inet_pton(AF_INET6, buffer.data(), six.data()) == 1) {
    return v6(six);
  }
  return std::nullopt;
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) {
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) {
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  IpAddress address;
  address.bytes_ = bytes;
  address.v4_ = false;
  return address;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

IpAddress IpAddress::client_key() const {
  IpAddress key = *this;
  if (!v4_) std::fill(key.bytes_.begin() + 8, key.bytes_.end(), std::uint8_t{0});
  return key;
}

std::string IpAddress::smtp_literal() const { return v4_ ? to_string() : "IPv6:" + to_string(); }

bool IpAddress::is_unspecified() const { return masked(0) == *this; }

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  return masked(127).is_unspecified() && bytes_[15] == 1;
}

IpAddress IpAddress::masked(int prefix) const {
  IpAddress out = *this;
  for (int i = 0; i < bits() / 8; ++i) {
    const int kept = std::clamp(prefix - 8 * i, 0, 8);  // leading bits of this byte that stay
    out.bytes_[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xFF00U >> kept);
  }
  return out;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  // An IPv6 address needs its brackets: without them the port can't be told from the last group.
  if (host.contains(':') != bracketed) return std::nullopt;
  const auto address = IpAddress::parse(host);
  const auto number = parse_uint(port);
  if (!address || !number || *number > 0xFFFF || port.size() > 5) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*number)};
}

Endpoint Endpoint::from_sockaddr(const sockaddr* address, socklen_t length) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return {IpAddress::v4(bytes), ntohs(in.sin_port)};
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes), ntohs(in.sin6_port)};
  }
  return {};
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& out) const {
  out = {};
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), sizeof in.sin_addr);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  std::memcpy(&in.sin6_addr, address.bytes().data(), sizeof in.sin6_addr);
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

std::string Endpoint::to_string() const {
  const std::string host = address.to_string();
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

}  // namespace sekisho

std::size_t std::hash<sekisho::IpAddress>::operator()(
    const sekisho::IpAddress& address) const noexcept {
  // Seeded anew in each process: a client that owns a /48 could otherwise pick addresses that all
  // fall into one bucket of the tables that limit it.
  static const std::uint64_t kSeed = [] {
    std::random_device random;
    return (std::uint64_t{random()} << 32U) | random();
  }();
  std::uint64_t hash = kSeed + (address.is_v4() ? 1U : 0U);
  for (std::size_t at = 0; at < address.bytes().size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, address.bytes().data() + at, sizeof word);
    hash = (hash ^ word) * 0xFF51AFD7ED558CCDULL;
    hash ^= hash >> 32U;
    hash = (hash ^ kSeed) * 0xC4CEB9FE1A85EC53ULL;
    hash ^= hash >> 29U;
  }
  return static_cast<std::size_t>(hash);
}
