#include "gateway/net/unix_listen.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/descriptor.h"

namespace sekisho {
namespace {

Result<Descriptor> make_socket(const std::string& what) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return std::unexpected(system_error(ErrorKind::unavailable, what, errno));
  return socket;
}

// How bind() and connect() want it.
struct Native {
  explicit Native(const SocketAddress& address) : length(address.to_sockaddr(storage)) {}
  [[nodiscard]] const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);  // how the socket API has it
  }
  sockaddr_storage storage{};
  socklen_t length;
};

// Removes a socket that nobody listens on any more.
Result<void> remove_stale(const SocketAddress& address, const std::string& what) {
  struct stat info{};
  if (::lstat(address.path().c_str(), &info) != 0) return {};  // nothing there; bind() tells else
  if (!S_ISSOCK(info.st_mode))
    return fail(ErrorKind::io, what + ": something is there that is no socket; it is not removed");
  auto probe = make_socket(what);
  if (!probe) return std::unexpected(std::move(probe.error()));
  const Native native(address);
  const int error = ::connect(probe->get(), native.get(), native.length) == 0 ? 0 : errno;
  if (error == ENOENT) return {};
  // EAGAIN: its queue is full; EPROTOTYPE: it takes datagrams.
  if (error == 0 || error == EAGAIN || error == EPROTOTYPE)
    return fail(ErrorKind::unavailable, what + ": the socket is in use by another program");
  if (error != ECONNREFUSED)
    return std::unexpected(system_error(
        ErrorKind::io, what + ": whether another program listens there can't be told", error));
  if (::unlink(address.path().c_str()) != 0 && errno != ENOENT)
    return std::unexpected(system_error(
        ErrorKind::io, what + ": what an earlier program left there can't be removed", errno));
  return {};
}

Result<void> set_rights(const std::string& path, const UnixSocketRights& rights,
                        const std::string& what) {
  if (rights.group && ::lchown(path.c_str(), static_cast<uid_t>(-1), *rights.group) != 0) {
    const int error = errno;
    if (error == EPERM)
      return fail(ErrorKind::io,
                  fmt::format("{}: its group can't become {}: the user that the gateway runs as "
                              "must be a member of it",
                              what, *rights.group));
    return std::unexpected(system_error(ErrorKind::io, what + ": its group", error));
  }
  if (::chmod(path.c_str(), rights.mode) != 0)
    return std::unexpected(system_error(ErrorKind::io, what + ": its rights", errno));
  return {};
}

Error cannot_bind(const std::string& path, const std::string& what, int error) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (error == ENOENT || error == ENOTDIR)
    return {ErrorKind::io, fmt::format("{}: there is no folder {}; make it first", what, folder)};
  if (error == EACCES || error == EPERM || error == EROFS)
    return {ErrorKind::io,
            fmt::format("{}: the gateway may not write to the folder {}", what, folder)};
  if (error == EADDRINUSE)  // it came between our look and this
    return {ErrorKind::unavailable, what + ": the socket is in use by another program"};
  return system_error(ErrorKind::io, what, error);
}

}  // namespace

Result<int> open_unix_listener(const SocketAddress& address, const UnixSocketRights& rights,
                               int backlog) {
  const std::string what = "cannot listen on " + address.to_string();
  if (!address.is_unix()) return fail(ErrorKind::invalid, what + ": it is no Unix socket");
  if (auto removed = remove_stale(address, what); !removed)
    return std::unexpected(std::move(removed.error()));
  auto socket = make_socket(what);
  if (!socket) return std::unexpected(std::move(socket.error()));
  const Native native(address);
  if (::bind(socket->get(), native.get(), native.length) != 0)
    return std::unexpected(cannot_bind(address.path(), what, errno));
  // Until listen() everybody is refused, whatever the rights.
  auto done = set_rights(address.path(), rights, what);
  if (done && ::listen(socket->get(), backlog) != 0)
    done = std::unexpected(system_error(ErrorKind::unavailable, what, errno));
  if (!done) {
    ::unlink(address.path().c_str());
    return std::unexpected(std::move(done.error()));
  }
  return socket->release();
}

}  // namespace sekisho
