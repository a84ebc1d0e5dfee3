// IP addresses, networks and end points as values. IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) are
// unmapped on the way in, so that "the same client" is one value whatever the socket's family.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "gateway/base/error.h"

namespace sekisho {

class IpAddress {
 public:
  IpAddress() = default;  // the unspecified IPv4 address 0.0.0.0

  // "192.0.2.1", "2001:db8::1"; no brackets, no zone, no leading zeros in IPv4.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  static IpAddress v6(std::array<std::uint8_t, 16> bytes);  // unmaps ::ffff:0:0/96

  [[nodiscard]] bool is_v4() const { return v4_; }
  [[nodiscard]] int bits() const { return v4_ ? 32 : 128; }
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] std::string to_string() const;  // RFC 5952
  // The address itself for IPv4, the /64 for IPv6: what limits and bans count as one client.
  [[nodiscard]] IpAddress client_key() const;
  // The address with all but its first `prefix` bits zero.
  [[nodiscard]] IpAddress masked(int prefix) const;
  [[nodiscard]] bool is_unspecified() const;  // 0.0.0.0, ::
  [[nodiscard]] bool is_loopback() const;     // 127.0.0.0/8, ::1
  // RFC 5321 4.1.3 address literal without brackets: "192.0.2.1" or "IPv6:2001:db8::1".
  [[nodiscard]] std::string smtp_literal() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 in the first four bytes
  bool v4_ = true;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "192.0.2.1:25", "[2001:db8::1]:25"; IPv6 in brackets, IPv4 without.
  static std::optional<Endpoint> parse(std::string_view text);
  // Another family than IP (a unix socket) gives 0.0.0.0:0.
  static Endpoint from_sockaddr(const sockaddr* address, socklen_t length);
  socklen_t to_sockaddr(sockaddr_storage& out) const;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

class Network {
 public:
  Network() = default;
  // "192.0.2.0/24", "2001:db8::/32", or an address alone. Host bits set is an error that names the
  // network that was probably meant.
  static Result<Network> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool contains(const Network& inner) const;
  [[nodiscard]] const IpAddress& address() const { return address_; }
  [[nodiscard]] int prefix() const { return prefix_; }
  [[nodiscard]] std::string to_string() const;
  // True when every address in it is loopback, private (RFC 1918, RFC 4193), or link-local.
  [[nodiscard]] bool is_private() const;
  auto operator<=>(const Network&) const = default;

 private:
  IpAddress address_;
  int prefix_ = 32;
};

// A set of networks, asked by address. Immutable after construction; any thread.
class NetworkSet {
 public:
  NetworkSet() = default;
  explicit NetworkSet(std::vector<Network> networks);
  // The most specific network that contains the address, or nullptr.
  [[nodiscard]] const Network* find(const IpAddress& address) const;
  [[nodiscard]] bool empty() const { return networks_.empty(); }

 private:
  std::vector<Network> networks_;  // IPv4 first, in each family the most specific first
};

}  // namespace sekisho

template <>
struct std::hash<sekisho::IpAddress> {
  std::size_t operator()(const sekisho::IpAddress& address) const noexcept;
};
