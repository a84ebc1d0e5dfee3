// Arrivals: the connections of one loop thread that came from a trusted proxy which hasn't told yet
// whom it brings (PROXY protocol). Each ends by its header, by its deadline or by cut(). Not a byte
// behind the header is read: a TLS handshake may follow at once. Owned by a LoopThread; its thread.
#pragma once

#include <functional>
#include <list>

#include "gateway/async/loop.h"
#include "gateway/connection.h"
#include "gateway/net/proxy_protocol.h"

namespace sekisho {

// The header in front of a connection's first byte. ErrorKind::closed, timeout, cancelled, io, or
// protocol where there is none; each error's text is one of a few.
Task<Result<ProxyHeader>> read_proxy_header(Loop& loop, int fd, Deadline deadline,
                                            CancelSource& cancel);

class Arrivals {
 public:
  // With the connection as it came, and what its proxy said. May throw: see `on_failure`.
  using OnArrived = std::function<void(Connection, const Result<ProxyHeader>&)>;
  using OnFailure = std::function<void(std::string_view what)>;

  Arrivals(Loop& loop, OnArrived on_arrived, OnFailure on_failure)
      : loop_(loop), on_arrived_(std::move(on_arrived)), on_failure_(std::move(on_failure)) {}

  void receive(Connection connection, Deadline deadline);
  // All of them end soon, and so does whoever comes later. Whoever waits for empty() is told by
  // on_arrived: with ErrorKind::cancelled.
  void cut() { cancel_.cancel(); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  using Waiting = std::list<Connection>;
  Task<void> await_header(Waiting::iterator place, Deadline deadline);

  Loop& loop_;
  OnArrived on_arrived_;
  OnFailure on_failure_;
  CancelSource cancel_;
  Waiting waiting_;
};

}  // namespace sekisho
