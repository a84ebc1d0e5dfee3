#include "gateway/net/unix_connect.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

#include "gateway/base/descriptor.h"
#include "gateway/net/exhaustion.h"
#include "gateway/net/socket_stream.h"

namespace sekisho {
namespace {

// A server that has work takes from its queue within milliseconds; one that hangs is not to be
// asked all the time.
constexpr Duration kFirstPause = std::chrono::milliseconds(2);
constexpr Duration kLongestPause = std::chrono::milliseconds(200);

}  // namespace

bool is_unix_socket_path(std::string_view path) {
  return path.starts_with('/') && path.size() < sizeof(sockaddr_un::sun_path) &&
         path.find('\0') == std::string_view::npos;
}

Task<Result<std::unique_ptr<ByteStream>>> connect_unix_socket(Loop& loop, std::string path,
                                                              Deadline deadline,
                                                              CancelSource& cancel) {
  const std::string what = "connect to " + std::string(kUnixPrefix) + path;
  if (!is_unix_socket_path(path))
    co_return std::unexpected(system_error(ErrorKind::invalid, what, ENAMETOOLONG));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) co_return std::unexpected(refused_by_system(what, errno));
  Duration pause = kFirstPause;
  while (true) {
    if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, what + ": cancelled");
    // The cast is how the socket API has it.
    const auto* native = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.get(), native, sizeof address) == 0)
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
