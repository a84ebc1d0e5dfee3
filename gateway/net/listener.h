// Listener: one listening socket of one loop (SO_REUSEPORT, so that each loop thread has its own).
// Accepts and hands the sockets to its owner; when the process has no descriptors left (EMFILE,
// ENFILE, ENOBUFS) it pauses for a moment instead of spinning.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/async/loop.h"
#include "gateway/base/ip.h"

namespace sekisho {

// Does another program listen there? SO_REUSEPORT lets a second process of the same user bind the
// port without a word and take half of the connections, so the Server asks this once per address
// before it opens the sockets of its loops. ErrorKind::unavailable when the port is in use.
Result<void> check_port_free(const Endpoint& address);

// A bound, listening, non-blocking socket; -1 never. The error names the address and, for a busy
// port, says so (ErrorKind::unavailable).
Result<int> open_listening_socket(const Endpoint& address, int backlog);

// The address and port that a socket is bound to; the unspecified end point when there is none.
Endpoint local_endpoint(int fd);

class Listener {
 public:
  using OnAccept = std::function<void(int fd, const Endpoint& peer)>;  // the callee owns fd

  // Takes ownership of `fd`. Starts accepting at once. `on_accept` may destroy the listener; it
  // must not throw. `on_pause` is called once for each pause of 200 ms.
  Listener(Loop& loop, int fd, OnAccept on_accept, std::function<void(Error)> on_pause);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Accepts who waits already, up to `at_most`: closing the socket would reset them.
  void accept_waiting(int at_most);

  [[nodiscard]] Endpoint address() const;  // with the port the system chose

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sekisho
