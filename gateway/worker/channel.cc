#include "gateway/worker/channel.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

#include "gateway/base/descriptor_passing.h"
#include "gateway/worker/frames.h"

namespace sekisho::worker {
namespace {

using Control = std::array<char, CMSG_SPACE(sizeof(int) * kMaxDescriptors)>;

// A datagram of no bytes can't be told from the end, and is no frame either.
Result<std::string_view> read_of(ssize_t got, const msghdr& header, std::span<char> buffer) {
  if (got == 0 || (got < 0 && errno == ECONNRESET))
    return fail(ErrorKind::closed, "the other side is gone");
  if (got < 0) return std::unexpected(system_error(ErrorKind::io, "recvmsg", errno));
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return fail(ErrorKind::protocol, "a datagram is too large");
  return std::string_view(buffer.data(), static_cast<std::size_t>(got));
}

Result<void> send(int socket, std::string_view frame, std::span<const int> descriptors, int flags) {
  iovec part{const_cast<char*>(frame.data()), frame.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  attach_descriptors(header, control, descriptors);
  while (true) {
    if (::sendmsg(socket, &header, MSG_NOSIGNAL | flags) >= 0) return {};
    if (errno == EINTR) continue;
    const bool gone = errno == EPIPE || errno == ECONNRESET;
    return std::unexpected(
        system_error(gone ? ErrorKind::closed : ErrorKind::io, "cannot send a frame", errno));
  }
}

}  // namespace

Result<void> send_frame(int socket, std::string_view frame, std::span<const int> descriptors) {
  return send(socket, frame, descriptors, MSG_DONTWAIT);
}

Result<void> send_frame_waiting(int socket, std::string_view frame) {
  return send(socket, frame, {}, 0);
}

Result<Datagram> receive(int socket, std::span<char> buffer, std::size_t max_descriptors) {
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t got = -1;
  do got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  Datagram datagram;
  if (got >= 0) take_descriptors(header, datagram.descriptors);
  const auto bytes = read_of(got, header, buffer);
  if (!bytes) return std::unexpected(bytes.error());
  if (datagram.descriptors.size() > max_descriptors)
    return fail(ErrorKind::protocol, "a datagram has too many descriptors");
  datagram.bytes = *bytes;
  return datagram;
}

Result<std::optional<std::string_view>> receive_now(int socket, std::span<char> buffer) {
  iovec part{buffer.data(), buffer.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ssize_t got = -1;
  do got = ::recvmsg(socket, &header, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  const auto bytes = read_of(got, header, buffer);
  if (!bytes) return std::unexpected(bytes.error());
  return *bytes;
}

}  // namespace sekisho::worker
