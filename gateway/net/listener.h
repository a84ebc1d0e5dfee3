// Listener: one listening socket of one loop (SO_REUSEPORT, so that each loop thread has its own;
// of a Unix socket, which has no such thing, each has a duplicate: unix_listen.h).
// Accepts and hands the sockets to its owner; when the process has no descriptors left (EMFILE,
// ENFILE, ENOBUFS) it pauses for a moment instead of spinning.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/async/loop.h"
#include "gateway/base/socket_address.h"

namespace sekisho {

// Does another program listen there? SO_REUSEPORT lets a second process of the same user bind the
// port without a word and take half of the connections, so the Server asks this once per address
// before it opens the sockets of its loops. ErrorKind::unavailable when the port is in use.
Result<void> check_port_free(const Endpoint& address);

// A bound, listening, non-blocking socket; -1 never. The error names the address and, for a busy
// port, says so (ErrorKind::unavailable).
Result<int> open_listening_socket(const Endpoint& address, int backlog);

// What a socket is bound to; the unspecified end point when that is nothing.
SocketAddress local_address(int fd);
// The same where it can only be an address and a port: unspecified for a Unix socket.
Endpoint local_endpoint(int fd);

class Listener {
 public:
  // The callee owns fd. The peer of a Unix socket has no address: the unspecified end point.
  using OnAccept = std::function<void(int fd, const Endpoint& peer)>;

  // Takes ownership of `fd`. Starts accepting at once. `on_accept` may destroy the listener; it
  // must not throw. `on_pause` is called once for each pause of 200 ms.
  Listener(Loop& loop, int fd, OnAccept on_accept, std::function<void(Error)> on_pause);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Accepts who waits already, up to `at_most`: closing the socket would reset them.
  void accept_waiting(int at_most);

  [[nodiscard]] Endpoint address() const;  // with the port the system chose; of TCP

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sekisho
