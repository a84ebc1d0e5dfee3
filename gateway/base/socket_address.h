// SocketAddress: where a stream socket is: an end point of IP, or the path of a Unix socket. As
// settings and log lines write it: "192.0.2.1:25", "[::1]:25", "unix:/run/sekisho/smtp.sock". A
// value.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

#include "gateway/base/ip.h"

namespace sekisho {

constexpr std::string_view kUnixPrefix = "unix:";

// An absolute path that fits into a sockaddr_un, of kMaxUnixPath bytes at most.
bool is_unix_socket_path(std::string_view path);
constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

class SocketAddress {
 public:
  SocketAddress() = default;  // the unspecified end point
  // NOLINTNEXTLINE(google-explicit-constructor): each end point is one
  SocketAddress(const Endpoint& endpoint) : endpoint_(endpoint) {}
  static std::optional<SocketAddress> parse(std::string_view text);
  // nullopt unless is_unix_socket_path().
  static std::optional<SocketAddress> unix_socket(std::string_view path);
  // Another family, and a Unix socket without a path, give the unspecified end point.
  static SocketAddress from_sockaddr(const sockaddr* address, socklen_t length);

  [[nodiscard]] bool is_unix() const { return !path_.empty(); }
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }  // unspecified: is_unix()
  [[nodiscard]] const std::string& path() const { return path_; }       // empty unless is_unix()
  socklen_t to_sockaddr(sockaddr_storage& out) const;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const SocketAddress&) const = default;
  bool operator==(const SocketAddress&) const = default;

 private:
  Endpoint endpoint_;
  std::string path_;
};

}  // namespace sekisho
