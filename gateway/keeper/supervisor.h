// Supervisor: whoever started this process and watches it: systemd (SystemdSupervisor), the keeper
// (KeeperLink), or nobody. It may give us sockets that listen already, opens more where it may and
// we may not, and is told how we are. Owned by run_server(); main loop, as it asks without waiting
// for more than an answer of a process that does nothing else.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "gateway/async/loop.h"
#include "gateway/base/descriptor.h"
#include "gateway/base/socket_address.h"
#include "gateway/net/unix_listen.h"

namespace sekisho {

// Sockets of one address that were open before we were.
struct GivenSockets {
  std::string name;  // the listener's
  // What the configuration said when they were opened; none: they came from outside, and a
  // listener of that name takes them whatever address it has.
  std::optional<SocketAddress> configured;
  SocketAddress bound;
  std::vector<Descriptor> sockets;
};

// An address in use, as the supervisor is told of it.
struct HeldPlace {
  std::string name;
  SocketAddress configured;
  SocketAddress bound;
};

// Sockets to open.
struct SocketWish {
  SocketAddress address;
  std::size_t count = 1;  // of a Unix socket there can be one alone
  // Sockets of ours are in the way of finding out whether another program listens there.
  bool shared = false;
  UnixSocketRights rights{};
};

class Supervisor {
 public:
  // What it may tell us while we run.
  struct Orders {
    std::function<void()> drain;   // there is no one left who could tell us: end in order
    std::function<void()> retire;  // another process serves from now on: end without haste
    std::function<void(const std::string& event, const std::string& what)> log;
  };

  Supervisor() = default;
  virtual ~Supervisor() = default;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // What it gives us, once.
  virtual std::vector<GivenSockets> take_sockets() { return {}; }
  // As many as wished for, listening; of a Unix socket one.
  virtual Result<std::vector<Descriptor>> open_sockets(const SocketWish& wish);
  // These are in use now, and no others.
  virtual void keep(const std::vector<HeldPlace>& places) { (void)places; }
  // Assignments of sd_notify(3), one a line: "READY=1\nSTATUS=…".
  virtual void notify(std::string_view assignments) { (void)assignments; }
  // Who takes our signals: whoever wants a reload or a restart tells that process.
  [[nodiscard]] virtual pid_t signalled() const;
  // How long it waits for a WATCHDOG=1 before it ends us; zero: it doesn't.
  [[nodiscard]] virtual Duration watchdog() const { return Duration::zero(); }
  // Listens to it from now on; null: no more.
  virtual void obey(Loop* loop, Orders orders) { (void)loop, (void)orders; }
};

}  // namespace sekisho
