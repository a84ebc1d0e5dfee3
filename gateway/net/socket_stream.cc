#include "gateway/net/socket_stream.h"

#include <cassert>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/net/connect.h"
#include "gateway/net/fd_waiter.h"
#include "gateway/net/io_step.h"
#include "gateway/net/tls_channel.h"

namespace sekisho {
namespace {

using State = IoStep::State;
using Woken = FdWaiter::Woken;

// How much a peer may send to a stream that is being closed before it gets a reset after all.
constexpr std::size_t kLingerBytes = 1024 * 1024;

std::unexpected<Error> stopped(Woken woken, std::string_view what) {
  switch (woken) {
    case Woken::timeout:
      return fail(ErrorKind::timeout, std::string(what) + ": timed out");
    case Woken::cancelled:
      return fail(ErrorKind::cancelled, std::string(what) + ": cancelled");
    default:
      return fail(ErrorKind::io, std::string(what) + ": cannot watch the socket");
  }
}

std::unexpected<Error> unusable(std::string_view what) {
  return fail(ErrorKind::closed, std::string(what) + ": the stream is closed or has failed");
}

class SocketStream final : public ByteStream {
 public:
  SocketStream(Loop& loop, int fd, CancelSource& cancel)
      : loop_(loop), waiter_(loop, cancel, fd), fd_(fd) {}
  ~SocketStream() override { drop(); }

  Task<Result<std::size_t>> read_some(std::span<char> into, Deadline deadline) override;
  Task<Result<void>> write_all(std::string_view bytes, Deadline deadline) override {
    return write(bytes, deadline, OnInput::go_on);
  }
  Task<Result<void>> write_until_input(std::string_view bytes, Deadline deadline) override {
    return write(bytes, deadline, OnInput::stop);
  }
  Task<Result<void>> start_tls(std::shared_ptr<const TlsContext> context,
                               std::string_view server_name, Deadline deadline) override;
  [[nodiscard]] const TlsInfo* tls() const override { return secured_ ? &tls_->info() : nullptr; }
  [[nodiscard]] bool readable_now() override;
  Task<void> close(Deadline deadline) override;

 private:
  enum class OnInput : std::uint8_t { go_on, stop };

  Task<Result<void>> write(std::string_view bytes, Deadline deadline, OnInput on_input);
  IoStep plain_result(ssize_t moved);
  IoStep read_step(std::span<char> into);
  IoStep write_step(std::string_view bytes);
  FdWaiter::Wait wait_for(State wanted, Deadline deadline);
  std::unexpected<Error> failed(std::string_view what);
  void drop();

  Loop& loop_;
  FdWaiter waiter_;
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<TlsChannel> tls_;
  int fd_;
  int errno_ = 0;         // of the last plain step that failed
  bool secured_ = false;  // the handshake is over
  bool at_end_ = false;   // the peer will send nothing more
  // Nothing goes out any more: a part of a write may be lost, or a handshake failed and what
  // followed would be plain text.
  bool unwritable_ = false;
  bool broken_ = false;  // nor can anything be read
};

IoStep SocketStream::plain_result(ssize_t moved) {
  if (moved >= 0) return {State::done, static_cast<std::size_t>(moved)};
  errno_ = errno;
  return {State::failed};
}

IoStep SocketStream::read_step(std::span<char> into) {
  if (tls_) return tls_->read(into);
  IoStep step = plain_result(::recv(fd_, into.data(), into.size(), 0));
  if (step.state == State::done && step.bytes == 0) return {State::end};
  if (step.state == State::failed && is_temporary(errno_)) return {State::want_read};
  return step;
}

IoStep SocketStream::write_step(std::string_view bytes) {
  if (tls_) return tls_->write(bytes);
  const IoStep step = plain_result(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  if (step.state == State::failed && is_temporary(errno_)) return {State::want_write};
  return step;
}

FdWaiter::Wait SocketStream::wait_for(State wanted, Deadline deadline) {
  return wanted == State::want_write ? waiter_.writable(deadline) : waiter_.readable(deadline);
}

std::unexpected<Error> SocketStream::failed(std::string_view what) {
  unwritable_ = broken_ = true;
  if (tls_) return std::unexpected(tls_->error(what));
  const bool gone = errno_ == ECONNRESET || errno_ == EPIPE;
  return std::unexpected(system_error(gone ? ErrorKind::closed : ErrorKind::io, what, errno_));
}

Task<Result<std::size_t>> SocketStream::read_some(std::span<char> into, Deadline deadline) {
  assert(!into.empty());
  if (fd_ < 0 || broken_) co_return unusable("read");
  if (const Woken woken = co_await waiter_.turn(deadline); woken != Woken::ready) {
    co_return stopped(woken, "read");
  }
  while (true) {
    const IoStep step = read_step(into);
    if (step.state == State::done) co_return step.bytes;
    if (step.state == State::end) {
      at_end_ = true;
      co_return std::size_t{0};
    }
    if (step.state == State::failed) co_return failed("read");
    if (const Woken woken = co_await wait_for(step.state, deadline); woken != Woken::ready) {
      co_return stopped(woken, "read");
    }
  }
}

Task<Result<void>> SocketStream::write(std::string_view bytes, Deadline deadline,
                                       OnInput on_input) {
  if (fd_ < 0 || unwritable_) co_return unusable("write");
  while (!bytes.empty()) {
    Woken woken = co_await waiter_.turn(deadline);
    if (woken == Woken::ready) {
      const IoStep step = write_step(bytes);
      if (step.state == State::done) {
        bytes.remove_prefix(step.bytes);
        continue;
      }
      if (step.state == State::failed || step.state == State::end) {
        auto why = failed("write");
        // A plain socket still holds what the peer said before it closed or reset.
        if (!tls_) broken_ = false;
        co_return why;
      }
      if (on_input == OnInput::stop && step.state == State::want_write) {
        woken = co_await waiter_.writable_or_readable(deadline);
        if (woken == Woken::ready && readable_now()) {
          unwritable_ = true;
          co_return fail(ErrorKind::protocol, "write: the peer spoke before it had taken all");
        }
      } else {
        woken = co_await wait_for(step.state, deadline);
      }
    }
    if (woken != Woken::ready) {
      unwritable_ = true;  // a part may be out: whatever followed would be taken for the rest
      co_return stopped(woken, "write");
    }
  }
  co_return Result<void>{};
}

Task<Result<void>> SocketStream::start_tls(std::shared_ptr<const TlsContext> context,
                                           std::string_view server_name, Deadline deadline) {
  if (fd_ < 0 || unwritable_) co_return unusable("TLS handshake");
  if (tls_) co_return fail(ErrorKind::invalid, "the connection is in TLS already");
  auto channel = TlsChannel::create(*context, fd_, server_name);
  if (!channel) {
    unwritable_ = broken_ = true;
    co_return std::unexpected(std::move(channel.error()));
  }
  context_ = std::move(context);  // OpenSSL calls back into what it owns
  tls_ = std::move(*channel);
  while (true) {
    Woken woken = co_await waiter_.turn(deadline);
    if (woken == Woken::ready) {
      const IoStep step = tls_->handshake();
      if (step.state == State::done) break;
      if (step.state == State::failed || step.state == State::end) {
        co_return failed("TLS handshake");
      }
      woken = co_await wait_for(step.state, deadline);
    }
    if (woken != Woken::ready) {
      unwritable_ = broken_ = true;
      co_return stopped(woken, "TLS handshake");
    }
  }
  secured_ = true;
  co_return Result<void>{};
}

bool SocketStream::readable_now() {
  if (fd_ < 0 || at_end_ || broken_) return true;
  if (tls_) return tls_->readable();
  pollfd socket{.fd = fd_, .events = POLLIN, .revents = 0};
  return ::poll(&socket, 1, 0) != 0;
}

Task<void> SocketStream::close(Deadline deadline) {
  if (fd_ < 0) co_return;
  while (tls_ && !unwritable_) {
    const IoStep step = tls_->shutdown();
    if (step.state != State::want_read && step.state != State::want_write) break;
    if (co_await wait_for(step.state, deadline) != Woken::ready) break;
  }
  ::shutdown(fd_, SHUT_WR);
  // From here on raw bytes, whatever they mean: closing a socket with unread input resets the
  // connection, and the peer's system then throws away what it has not read of ours.
  std::size_t budget = at_end_ ? 0 : kLingerBytes;
  while (budget > 0) {
    const auto scratch = loop_.scratch();
    const ssize_t got = ::recv(fd_, scratch.data(), scratch.size(), 0);
    if (got > 0) {
      budget -= std::min(budget, static_cast<std::size_t>(got));
    } else if (got == 0 || !is_temporary(errno)) {
      break;
    } else if (co_await waiter_.readable(deadline) != Woken::ready) {
      break;
    }
  }
  drop();
}

void SocketStream::drop() {
  if (fd_ < 0) return;
  waiter_.stop();
  tls_.reset();
  secured_ = false;
  ::close(std::exchange(fd_, -1));
}

// Failures don't matter: a socket that is not TCP has no TCP_NODELAY.
void set_options(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

std::unique_ptr<ByteStream> make_socket_stream(Loop& loop, int fd, CancelSource& cancel) {
  set_options(fd);
  return std::make_unique<SocketStream>(loop, fd, cancel);
}

Task<Result<std::unique_ptr<ByteStream>>> connect_socket(Loop& loop, const Endpoint& peer,
                                                         Deadline deadline, CancelSource& cancel) {
  auto connected = co_await connect_descriptor(loop, peer, deadline, cancel);
  if (!connected) co_return std::unexpected(std::move(connected.error()));
  co_return make_socket_stream(loop, connected->release(), cancel);
}

}  // namespace sekisho
