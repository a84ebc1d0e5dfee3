#include "gateway/net/socket_bio.h"

#include <cerrno>

#include <sys/socket.h>

#include "gateway/net/io_step.h"
#include "gateway/net/tls_channel.h"

namespace sekisho {
namespace {

TlsChannel& channel_of(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

}  // namespace

BIO* SocketBio::create(TlsChannel& channel) {
  // Made once, never freed: every connection of every thread points to it.
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sekisho socket");
    if (made != nullptr) {
      BIO_meth_set_write(made, &SocketBio::write);
      BIO_meth_set_read(made, &SocketBio::read);
      BIO_meth_set_ctrl(made, &SocketBio::control);
    }
    return made;
  }();
  BIO* bio = method != nullptr ? BIO_new(method) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &channel);
  BIO_set_init(bio, 1);
  return bio;
}

int SocketBio::write(BIO* bio, const char* bytes, int size) {
  TlsChannel& channel = channel_of(bio);
  BIO_clear_retry_flags(bio);
  errno = 0;
  const ssize_t sent = ::send(channel.fd_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0) {
    channel.system_errno_ = errno;
    if (is_temporary(errno)) BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

int SocketBio::read(BIO* bio, char* into, int size) {
  TlsChannel& channel = channel_of(bio);
  BIO_clear_retry_flags(bio);
  if (channel.calls_left_ == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  --channel.calls_left_;
  errno = 0;
  const ssize_t received = ::recv(channel.fd_, into, static_cast<std::size_t>(size), 0);
  if (received < 0) {
    channel.system_errno_ = errno;
    if (is_temporary(errno)) BIO_set_retry_read(bio);
  }
  if (received == 0) channel.at_end_ = true;
  return static_cast<int>(received);
}

long SocketBio::control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return channel_of(bio).at_end_ ? 1 : 0;
    default:
      return 0;
  }
}

}  // namespace sekisho
