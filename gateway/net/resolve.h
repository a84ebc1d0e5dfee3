// Turns "host:port" into addresses without blocking a loop: literals at once, names by
// getaddrinfo on the Offload pool. (DNS record look-ups for filters are a different thing.)
#pragma once

#include <string>
#include <vector>

#include "gateway/async/offload.h"
#include "gateway/base/ip.h"

namespace sekisho {

Task<Result<std::vector<Endpoint>>> resolve_host(Loop& loop, Offload& offload, std::string host,
                                                 std::uint16_t port);

}  // namespace sekisho
