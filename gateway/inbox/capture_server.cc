#include "gateway/inbox/capture_server.h"

#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "gateway/inbox/capture_session.h"
#include "gateway/net/listener.h"
#include "gateway/net/socket_stream.h"

namespace sekisho::inbox {
namespace {

constexpr int kBacklog = 256;
constexpr std::size_t kMaxSessions = 1000;

}  // namespace

struct CaptureServer::Impl : std::enable_shared_from_this<CaptureServer::Impl> {
  Impl(Loop& on_loop, Offload& pool, Maildir to_maildir, Log& to_log)
      : loop(on_loop), offload(pool), maildir(std::move(to_maildir)), log(to_log) {}

  void accept(int fd, const Endpoint& peer) {
    if (sessions >= kMaxSessions) {
      static constexpr std::string_view kBusy = "421 4.7.0 too many connections\r\n";
      // May be lost if the socket takes nothing: the connection is closed either way.
      [[maybe_unused]] const auto sent =
          ::send(fd, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      ::close(fd);
      return;
    }
    ++sessions;
    spawn(serve(shared_from_this(), fd, peer));
  }

  static Task<void> serve(std::shared_ptr<Impl> self, int fd, Endpoint peer) {
    {
      CaptureSession session({self->loop, self->offload, self->maildir, self->log},
                             make_socket_stream(self->loop, fd, self->cancel), peer);
      co_await session.run();
    }
    if (--self->sessions == 0) self->idle.notify();
  }

  Loop& loop;
  Offload& offload;
  Maildir maildir;
  Log& log;
  CancelSource cancel;
  std::unique_ptr<Listener> listener;
  Endpoint address;
  std::size_t sessions = 0;
  Event idle;
};

Result<std::unique_ptr<CaptureServer>> CaptureServer::start(Loop& loop, Offload& offload,
                                                            const std::filesystem::path& maildir,
                                                            Log& log) {
  auto opened = Maildir::open(maildir);
  if (!opened) return std::unexpected(opened.error());
  const auto fd = open_listening_socket({IpAddress::v4({127, 0, 0, 1}), 0}, kBacklog);
  if (!fd) return std::unexpected(fd.error());
  auto impl = std::make_shared<Impl>(loop, offload, std::move(*opened), log);
  impl->listener = std::make_unique<Listener>(
      loop, *fd,
      [raw = impl.get()](int socket, const Endpoint& peer) { raw->accept(socket, peer); },
      [raw = impl.get()](const Error& error) {
        raw->log.write(LogLine("inbox_accept_paused", LogLevel::warning).add("what", error.text));
      });
  impl->address = impl->listener->address();
  return std::unique_ptr<CaptureServer>(new CaptureServer(std::move(impl)));
}

CaptureServer::CaptureServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

CaptureServer::~CaptureServer() { shut_down(); }

Endpoint CaptureServer::address() const { return impl_->address; }

void CaptureServer::shut_down() {
  impl_->listener.reset();
  impl_->cancel.cancel();
}

Task<void> CaptureServer::wait_until_idle() {
  const std::shared_ptr<Impl> impl = impl_;
  CancelSource never;
  while (impl->sessions > 0) {
    [[maybe_unused]] const auto woken =
        co_await impl->idle.wait(impl->loop, Deadline::never(), never);
  }
}

}  // namespace sekisho::inbox
