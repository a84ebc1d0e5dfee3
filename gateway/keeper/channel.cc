#include "gateway/keeper/channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <poll.h>
#include <sys/socket.h>

#include "gateway/base/descriptor_passing.h"

namespace sekisho::keeper {
namespace {

// The kernel takes 253 in one datagram (SCM_MAX_FD); more go into several.
constexpr std::size_t kSocketsPerDatagram = 250;
// The first byte of a datagram.
constexpr char kLast = '.';
constexpr char kMoreSocketsFollow = '+';
constexpr char kSeparator = '\0';

using Control = std::array<char, CMSG_SPACE(sizeof(int) * kSocketsPerDatagram)>;

std::string join(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) (text += field) += kSeparator;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> fields;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(kSeparator), text.size());
    fields.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

Result<void> send_datagram(int fd, char kind, std::string_view text, std::span<const int> sockets) {
  std::array<iovec, 2> parts{iovec{&kind, 1}, iovec{const_cast<char*>(text.data()), text.size()}};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  attach_descriptors(header, control, sockets);
  if (::sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
  return std::unexpected(system_error(errno == EPIPE ? ErrorKind::closed : ErrorKind::io,
                                      "cannot write to the keeper's channel", errno));
}

}  // namespace

Result<std::pair<Channel, Channel>> Channel::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(system_error(ErrorKind::io, "cannot make the keeper's channel", errno));
  return std::pair(Channel(Descriptor(ends[0])), Channel(Descriptor(ends[1])));
}

Result<void> Channel::send(const std::vector<std::string>& fields,
                           const std::vector<int>& sockets) const {
  const std::string text = join(fields);
  if (text.size() >= kMaxBytes || sockets.size() > kMaxSockets)
    return fail(ErrorKind::limit, "a message to the keeper's channel is too large");
  std::span<const int> left(sockets);
  while (left.size() > kSocketsPerDatagram) {
    auto sent =
        send_datagram(socket_.get(), kMoreSocketsFollow, "", left.first(kSocketsPerDatagram));
    if (!sent) return sent;
    left = left.subspan(kSocketsPerDatagram);
  }
  return send_datagram(socket_.get(), kLast, text, left);
}

Result<Message> Channel::receive(Duration patience) const {
  const Deadline deadline = Deadline::in(patience);
  Message message;
  std::string buffer(kMaxBytes, '\0');
  while (true) {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining(Clock::now())).count();
    const int polled = ::poll(&ready, 1, static_cast<int>(left));
    if (polled < 0 && errno == EINTR) continue;
    if (polled == 0) return fail(ErrorKind::timeout, "no answer on the keeper's channel");
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) Control control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0)
      return std::unexpected(
          system_error(ErrorKind::closed, "cannot read the keeper's channel", errno));
    if (got == 0) return fail(ErrorKind::closed, "the keeper's channel is closed");
    const std::size_t before = message.sockets.size();
    take_descriptors(header, message.sockets);
    const bool more = buffer.front() == kMoreSocketsFollow;
    if (more && message.sockets.size() == before)  // it could go on like that for ever
      return fail(ErrorKind::protocol, "a message on the keeper's channel is garbled");
    const bool cut = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    if (cut || message.sockets.size() > kMaxSockets)
      return fail(ErrorKind::protocol, "a message on the keeper's channel is too large");
    if (more) continue;
    message.fields = split(std::string_view(buffer).substr(1, static_cast<std::size_t>(got) - 1));
    return message;
  }
}

}  // namespace sekisho::keeper
