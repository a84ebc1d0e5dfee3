#include "gateway/net/unix_connect.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/socket_address.h"
#include "gateway/net/exhaustion.h"
#include "gateway/net/socket_stream.h"

namespace sekisho {
namespace {

// A server that has work takes from its queue within milliseconds; one that hangs is not to be
// asked all the time.
constexpr Duration kFirstPause = std::chrono::milliseconds(2);
constexpr Duration kLongestPause = std::chrono::milliseconds(200);

}  // namespace

Task<Result<std::unique_ptr<ByteStream>>> connect_unix_socket(Loop& loop, std::string path,
                                                              Deadline deadline,
                                                              CancelSource& cancel) {
  const std::string what = "connect to " + std::string(kUnixPrefix) + path;
  const auto place = SocketAddress::unix_socket(path);
  if (!place) co_return std::unexpected(system_error(ErrorKind::invalid, what, ENAMETOOLONG));
  sockaddr_storage address{};
  const socklen_t length = place->to_sockaddr(address);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) co_return std::unexpected(refused_by_system(what, errno));
  Duration pause = kFirstPause;
  while (true) {
    if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, what + ": cancelled");
    // The cast is how the socket API has it.
    const auto* native = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.get(), native, length) == 0)
      co_return make_socket_stream(loop, socket.release(), cancel);
    if (errno != EAGAIN && errno != EINTR)
      co_return std::unexpected(refused_by_system(what, errno));
    if (deadline.passed(Clock::now()))
      co_return fail(ErrorKind::timeout, what + ": timed out, its queue is full");
    if (auto slept = co_await loop.sleep_until(deadline.or_sooner(Deadline::in(pause)), cancel);
        !slept)
      co_return fail(ErrorKind::cancelled, what + ": cancelled");
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace sekisho
