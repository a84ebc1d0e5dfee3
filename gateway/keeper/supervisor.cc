#include "gateway/keeper/supervisor.h"

#include <utility>

#include <unistd.h>

#include "gateway/net/listener.h"

namespace sekisho {
namespace {

constexpr int kBacklog = 1024;

}  // namespace

pid_t Supervisor::signalled() const { return ::getpid(); }

// One socket a thread, all on the same port.
Result<std::vector<Descriptor>> Supervisor::open_sockets(const SocketWish& wish) {
  std::vector<Descriptor> sockets;
  if (wish.address.is_unix()) {
    auto opened = open_unix_listener(wish.address, wish.rights, kBacklog);
    if (!opened) return std::unexpected(std::move(opened.error()));
    sockets.emplace_back(*opened);
    return sockets;
  }
  Endpoint place = wish.address.endpoint();
  if (!wish.shared)
    if (auto free = check_port_free(place); !free) return std::unexpected(std::move(free.error()));
  for (std::size_t i = 0; i < wish.count; ++i) {
    auto opened = open_listening_socket(place, kBacklog);
    if (!opened) return std::unexpected(std::move(opened.error()));
    sockets.emplace_back(*opened);
    place = local_endpoint(*opened);  // port 0 was a free one for the first alone
  }
  return sockets;
}

}  // namespace sekisho
