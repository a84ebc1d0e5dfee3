// Where an upstream is: the addresses of its host, or its Unix socket, and the connecting to them.
// Its caller's; one loop.
#pragma once

#include <memory>
#include <optional>

#include "gateway/async/loop.h"
#include "gateway/base/socket_address.h"
#include "gateway/net/byte_stream.h"
#include "gateway/net/connect.h"
#include "gateway/net/resolve.h"
#include "gateway/upstream/settings.h"

namespace sekisho::upstream {

// The errors of connect_socket() and connect_unix_socket().
Task<Result<std::unique_ptr<ByteStream>>> connect_to(Loop& loop, const SocketAddress& target,
                                                     Deadline deadline, CancelSource& cancel);

// The places of one upstream, until one of them has served: ConnectRace for a host.
class TargetRace {
 public:
  struct Winner {
    SocketAddress target;
    std::unique_ptr<ByteStream> stream;
  };

  // `settings` must outlive it.
  TargetRace(Loop& loop, const UpstreamSettings& settings, Deadline whole, CancelSource& cancel);

  // Once, before next(). The errors of NameResolver::resolve().
  Task<Result<void>> find(NameResolver& resolver);
  // The next to take a connection. The error is of all that failed so far, or
  // ErrorKind::cancelled.
  Task<Result<Winner>> next();
  // A winner turned out to be of no use: so the next one is asked for.
  void note_failure(Error why);

 private:
  Loop& loop_;
  const UpstreamSettings& settings_;
  Deadline whole_;
  CancelSource& cancel_;
  std::optional<ConnectRace> race_;      // none: a Unix socket
  std::optional<Error> socket_failure_;  // it was tried, and that is what came of it
};

}  // namespace sekisho::upstream
