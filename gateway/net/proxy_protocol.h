// The PROXY protocol, versions 1 and 2 (proxy-protocol.txt of HAProxy): what a proxy says in front
// of a connection's first byte about the client that it brings. Pure; the caller decides who is
// believed. A header that breaks the specification anywhere is ErrorKind::protocol: there is no
// telling then where the client's own bytes begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/ip.h"

namespace sekisho {

struct ProxyHeader {
  enum class Client : std::uint8_t {
    announced,  // `source` connected to `destination`
    unknown,    // UNKNOWN, UNSPEC, a Unix socket: there is a client, but it has no IP address
    none,       // LOCAL: the proxy itself, such as its health check
  };
  Client client = Client::unknown;
  Endpoint source{};
  Endpoint destination{};
  bool operator==(const ProxyHeader&) const = default;
};

// Reads one header from any slicing of its bytes.
class ProxyHeaderParser {
 public:
  static constexpr std::size_t kMaxTextBytes = 107;          // version 1, with CRLF
  static constexpr std::size_t kMaxBinaryBytes = 16 * 1024;  // version 2: a certificate fits

  // Consumes bytes up to the end of the header, never one behind it; returns how many: all of them
  // while it isn't complete(). After an error the parser is of no more use.
  Result<std::size_t> feed(std::string_view bytes);
  [[nodiscard]] bool complete() const { return header_.has_value(); }
  [[nodiscard]] const ProxyHeader& header() const { return *header_; }  // only when complete()

 private:
  [[nodiscard]] std::size_t take(std::string_view bytes, std::size_t up_to);
  Result<std::size_t> feed_text(std::string_view bytes);
  Result<std::size_t> feed_binary(std::string_view bytes);

  std::string taken_;
  std::optional<ProxyHeader> header_;
};

// A version 2 header with a CRC32c. Addresses of two families are both written as IPv6.
std::string encode_proxy_header(const Endpoint& source, const Endpoint& destination);
// LOCAL: the connection is our own, for no client.
std::string encode_local_proxy_header();

}  // namespace sekisho
