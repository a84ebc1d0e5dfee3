#include "gateway/net/resolve.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>

namespace sekisho {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// On a thread of the pool. Bounded by the resolver's own time-outs (resolv.conf(5)).
Result<std::vector<Endpoint>> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::unique_ptr<addrinfo, FreeAddresses> owner(list);
  if (status != 0) {
    const std::string what = "cannot resolve " + host;
    if (status == EAI_SYSTEM) {
      return std::unexpected(system_error(ErrorKind::unavailable, what, errno));
    }
    return fail(ErrorKind::unavailable, what + ": " + ::gai_strerror(status));
  }
  std::vector<Endpoint> found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    Endpoint endpoint = Endpoint::from_sockaddr(entry->ai_addr, entry->ai_addrlen);
    endpoint.port = port;
    if (std::ranges::find(found, endpoint) == found.end()) found.push_back(endpoint);
  }
  if (found.empty()) return fail(ErrorKind::unavailable, host + " has no address");
  return found;
}

}  // namespace

Task<Result<std::vector<Endpoint>>> resolve_host(Loop& loop, Offload& offload, std::string host,
                                                 std::uint16_t port) {
  std::string_view literal = host;
  if (literal.starts_with('[') && literal.ends_with(']')) {
    literal = literal.substr(1, literal.size() - 2);
  }
  if (const auto address = IpAddress::parse(literal)) {
    co_return std::vector<Endpoint>{Endpoint{.address = *address, .port = port}};
  }
  // RFC 1035 section 2.3.4; an empty name would mean "this host" to getaddrinfo().
  if (host.empty() || host.size() > 254 || host.find('\0') != std::string::npos) {
    co_return fail(ErrorKind::invalid, "not a host name: " + host);
  }
  auto done = co_await offload.run(loop, [host, port] { return look_up(host, port); });
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return std::move(*done);
}

}  // namespace sekisho
