#include "gateway/dns/server_address.h"

namespace sekisho::dns {

std::optional<Endpoint> parse_server(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return Endpoint{*address, 53};
  auto endpoint = Endpoint::parse(text);
  if (endpoint && endpoint->port == 0) return std::nullopt;
  return endpoint;
}

}  // namespace sekisho::dns
