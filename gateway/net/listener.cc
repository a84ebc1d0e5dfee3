#include "gateway/net/listener.h"

#include <cerrno>
#include <new>
#include <utility>

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/descriptor.h"

namespace sekisho {
namespace {

// A flood of connections must not keep the sessions waiting.
constexpr int kAcceptsPerTurn = 64;
constexpr Duration kPause = 200ms;

enum class Sharing { with_our_other_loops, with_nobody };

// A socket bound to the address, not yet listening.
Result<int> bind_socket(const Endpoint& address, Sharing sharing) {
  const bool v4 = address.address.is_v4();
  const std::string what = "cannot listen on " + address.to_string();
  Descriptor socket(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = socket.get();
  if (fd < 0) return std::unexpected(system_error(ErrorKind::unavailable, what, errno));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (sharing == Sharing::with_our_other_loops) {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  }
  // "[::]" means IPv6 alone, whatever the system's default: IPv4 has its own listener.
  if (!v4) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  sockaddr_storage native{};
  const socklen_t length = address.to_sockaddr(native);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&native), length) == 0) return socket.release();
  const int error = errno;
  if (error == EADDRINUSE) {
    return fail(ErrorKind::unavailable, what + ": the port is in use by another program");
  }
  if (error == EACCES) {
    return fail(ErrorKind::io,
                what + ": not permitted (ports below 1024 need CAP_NET_BIND_SERVICE)");
  }
  return std::unexpected(system_error(ErrorKind::io, what, error));
}

// accept(2): these belong to the one connection that was to be accepted, not to us.
bool concerns_one_peer(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<void> check_port_free(const Endpoint& address) {
  auto fd = bind_socket(address, Sharing::with_nobody);
  if (!fd) return std::unexpected(std::move(fd.error()));
  ::close(*fd);
  return {};
}

Result<int> open_listening_socket(const Endpoint& address, int backlog) {
  auto fd = bind_socket(address, Sharing::with_our_other_loops);
  if (!fd) return fd;
  if (::listen(*fd, backlog) != 0) {
    const int error = errno;
    ::close(*fd);
    return std::unexpected(
        system_error(ErrorKind::unavailable, "cannot listen on " + address.to_string(), error));
  }
  return fd;
}

struct Listener::Impl {
  Impl(Loop& loop, Descriptor descriptor, OnAccept accept, std::function<void(Error)> pause)
      : socket(std::move(descriptor)),
        on_accept(std::move(accept)),
        on_pause(std::move(pause)),
        ready(event_new(loop.base(), socket.get(), EV_READ | EV_PERSIST, &Impl::on_ready, this)),
        resume(loop, [this] { event_add(ready.get(), nullptr); }) {
    if (!ready || event_add(ready.get(), nullptr) != 0) throw std::bad_alloc();
  }
  ~Impl() {
    if (gone != nullptr) *gone = true;
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  static void on_ready(evutil_socket_t, short, void* self) {
    static_cast<Impl*>(self)->accept(kAcceptsPerTurn);
  }
  void accept(int at_most);
  void stop_for_a_while(int error);

  struct Free {
    void operator()(event* watch) const { event_free(watch); }
  };
  Descriptor socket;
  OnAccept on_accept;
  std::function<void(Error)> on_pause;
  std::unique_ptr<event, Free> ready;
  Timer resume;
  bool* gone = nullptr;  // set while on_accept runs, which may destroy the listener
};

void Listener::Impl::accept(int at_most) {
  bool destroyed = false;
  for (int i = 0; i < at_most; ++i) {
    sockaddr_storage native{};
    socklen_t length = sizeof(native);
    auto* const address = reinterpret_cast<sockaddr*>(&native);
    const int client = ::accept4(socket.get(), address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) return;
      if (concerns_one_peer(error)) continue;
      // No descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM), or something unheard of: the
      // socket stays readable, so going on at once would spin.
      return stop_for_a_while(error);
    }
    gone = &destroyed;
    on_accept(client, Endpoint::from_sockaddr(address, length));
    if (destroyed) return;
    gone = nullptr;
  }
}

void Listener::Impl::stop_for_a_while(int error) {
  event_del(ready.get());
  resume.start(kPause);
  if (on_pause) on_pause(system_error(ErrorKind::unavailable, "accept paused", error));
}

Listener::Listener(Loop& loop, int fd, OnAccept on_accept, std::function<void(Error)> on_pause)
    : impl_(std::make_unique<Impl>(loop, Descriptor(fd), std::move(on_accept),
                                   std::move(on_pause))) {}

Listener::~Listener() = default;

void Listener::accept_waiting(int at_most) { impl_->accept(at_most); }

Endpoint Listener::address() const { return local_endpoint(impl_->socket.get()); }

SocketAddress local_address(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  // The cast is how the socket API has it.
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(fd, generic, &length) != 0) return {};
  return SocketAddress::from_sockaddr(generic, length);
}

Endpoint local_endpoint(int fd) { return local_address(fd).endpoint(); }

}  // namespace sekisho
