#include "gateway/arrivals.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include <sys/socket.h>

#include "gateway/net/fd_waiter.h"
#include "gateway/net/io_step.h"

namespace sekisho {
namespace {

// What was seen to be there is taken off the socket. False: it isn't, which no kernel does.
bool take_off(int fd, std::span<char> buffer, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::recv(fd, buffer.data(), std::min(buffer.size(), bytes), MSG_DONTWAIT);
    if (got <= 0) return false;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

Error error_of(FdWaiter::Woken woken) {
  switch (woken) {
    case FdWaiter::Woken::timeout:
      return {ErrorKind::timeout, "no PROXY header in time"};
    case FdWaiter::Woken::cancelled:
      return {ErrorKind::cancelled, "shutting down"};
    default:
      return {ErrorKind::io, "the connection can't be watched"};
  }
}

}  // namespace

Task<Result<ProxyHeader>> read_proxy_header(Loop& loop, int fd, Deadline deadline,
                                            CancelSource& cancel) {
  FdWaiter waiter(loop, cancel, fd);
  ProxyHeaderParser parser;
  while (true) {
    const std::span<char> buffer = loop.scratch();
    const ssize_t seen = ::recv(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (seen == 0) co_return fail(ErrorKind::closed, "closed before its PROXY header");
    if (seen > 0) {
      const auto used = parser.feed({buffer.data(), static_cast<std::size_t>(seen)});
      if (!used) co_return std::unexpected(used.error());
      if (!take_off(fd, buffer, *used)) co_return fail(ErrorKind::io, "connection lost");
      if (parser.complete()) co_return parser.header();
    } else if (!is_temporary(errno)) {
      co_return fail(ErrorKind::closed, "closed before its PROXY header");
    }
    const auto woken = co_await waiter.readable(deadline);
    if (woken != FdWaiter::Woken::ready) co_return std::unexpected(error_of(woken));
  }
}

void Arrivals::receive(Connection connection, Deadline deadline) {
  waiting_.push_front(std::move(connection));
  try {
    spawn(await_header(waiting_.begin(), deadline));
  } catch (...) {  // no memory for its frame: it has not begun
    waiting_.pop_front();
    throw;
  }
}

Task<void> Arrivals::await_header(Waiting::iterator place, Deadline deadline) {
  try {
    const auto header = co_await read_proxy_header(loop_, place->socket.get(), deadline, cancel_);
    Connection connection = std::move(*place);
    waiting_.erase(place);
    place = waiting_.end();
    on_arrived_(std::move(connection), header);
  } catch (const std::exception& error) {
    if (place != waiting_.end()) waiting_.erase(place);
    on_failure_(error.what());
  }
}

}  // namespace sekisho
