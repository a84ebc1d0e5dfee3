// What systemd and others of its protocol want: sd_notify(3), the watchdog of
// sd_watchdog_enabled(3) and the sockets of sd_listen_fds(3), in our own words, so that no library
// of theirs is needed. Reading the environment removes the variables: they are meant for this
// process alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/keeper/supervisor.h"

namespace sekisho {

// One datagram for each call to the socket that $NOTIFY_SOCKET names: a path, or "@name" in the
// abstract namespace. Nothing is reported: a manager that has gone away needs no telling.
class NotifySocket {
 public:
  NotifySocket() = default;  // leads nowhere
  explicit NotifySocket(std::string_view address);
  static NotifySocket from_environment();

  void send(std::string_view assignments) const;

 private:
  std::string address_;  // as sun_path has it; empty: nowhere
  Descriptor socket_;
};

// $WATCHDOG_USEC, if $WATCHDOG_PID is not another process; zero: no watchdog.
Duration watchdog_from_environment();

// $LISTEN_FDS from descriptor 3 on, if $LISTEN_PID is this process, with the names of
// $LISTEN_FDNAMES. Sockets of one address become one entry. A descriptor that is no listening TCP
// socket, nor a Unix one with a path, is closed and named in `refused`.
std::vector<GivenSockets> sockets_from_environment(std::vector<std::string>& refused);

// The assignments about a reload that begins now: systemd wants the time it began.
std::string reloading_assignments();

class SystemdSupervisor : public Supervisor {
 public:
  SystemdSupervisor();

  std::vector<GivenSockets> take_sockets() override;
  void notify(std::string_view assignments) override { notify_.send(assignments); }
  [[nodiscard]] Duration watchdog() const override { return watchdog_; }

 private:
  NotifySocket notify_;
  Duration watchdog_;
};

}  // namespace sekisho
