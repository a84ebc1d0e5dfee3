// Connection: an accepted connection on its way to its Session: the socket, whose it is as far as
// we know, and what it is served by. A value; whoever holds it owns the socket.
#pragma once

#include <memory>
#include <optional>

#include "gateway/base/descriptor.h"
#include "gateway/connection_limits.h"
#include "gateway/snapshot.h"

namespace sekisho {

struct Connection {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const ListenerPlan> plan;  // of that snapshot
  Descriptor socket;
  ConnectionLimits::Ticket ticket;
  Endpoint remote;  // unspecified: it came by a Unix socket
  Endpoint local;
  std::optional<Endpoint> proxy{};  // who told us `remote` and `local`
  bool client_known = true;  // false: `remote` is a proxy, and it told no client; or there is none
};

}  // namespace sekisho
