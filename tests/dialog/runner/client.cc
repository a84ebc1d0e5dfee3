#include "tests/dialog/runner/client.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace sekisho::dialog {
namespace {

constexpr timeval kPatience{.tv_sec = 10, .tv_usec = 0};

SSL_CTX* context() {
  static const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> made(
      SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  return made.get();
}

}  // namespace

Client::Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
}

Client::~Client() {
  SSL_free(ssl_);
  if (fd_ >= 0) ::close(fd_);
}

void Client::write(std::string_view bytes, bool one_by_one) {
  if (fd_ < 0) throw std::runtime_error("there is no connection");
  while (!bytes.empty()) {
    const std::size_t size = one_by_one ? 1 : bytes.size();
    const long sent = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(size))
                                      : ::send(fd_, bytes.data(), size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

long Client::receive(char* into, std::size_t size) {
  if (fd_ < 0) throw std::runtime_error("there is no connection");
  errno = 0;
  const long got =
      ssl_ != nullptr ? SSL_read(ssl_, into, static_cast<int>(size)) : ::recv(fd_, into, size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    throw std::runtime_error("nothing came for 10 s");
  return got;
}

bool Client::fill() {
  std::array<char, 4096> buffer;
  const long got = receive(buffer.data(), buffer.size());
  if (got <= 0) return false;
  in_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string Client::read_line() {
  std::size_t end;
  while ((end = in_.find('\n')) == std::string::npos)
    if (!fill())
      throw std::runtime_error("the connection was closed" +
                               (in_.empty() ? in_ : " after: " + in_));
  std::string line = in_.substr(0, end);
  in_.erase(0, end + 1);
  if (!line.ends_with('\r')) throw std::runtime_error("a line without CR: " + line);
  line.pop_back();
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string::npos)
    throw std::runtime_error("a control byte in a reply");
  return line;
}

void Client::expect_end() {
  while (in_.empty() && fill()) {
  }
  if (!in_.empty()) throw std::runtime_error("not closed but told: " + in_);
}

void Client::start_tls() {
  if (!in_.empty()) throw std::runtime_error("before the handshake came: " + in_);
  ssl_ = SSL_new(context());
  SSL_set_fd(ssl_, fd_);
  if (SSL_connect(ssl_) != 1) throw std::runtime_error("the TLS handshake failed");
}

void Client::close() {
  if (ssl_ != nullptr) SSL_shutdown(ssl_);
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Client::half_close() { ::shutdown(fd_, SHUT_WR); }

void Client::abort() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace sekisho::dialog
