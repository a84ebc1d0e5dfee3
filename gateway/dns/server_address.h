// A name server's address as it is configured. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/base/ip.h"

namespace sekisho::dns {

// "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"; the port is 53 unless
// said.
std::optional<Endpoint> parse_server(std::string_view text);

}  // namespace sekisho::dns
