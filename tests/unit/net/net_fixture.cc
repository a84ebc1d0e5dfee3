#include "tests/unit/net/net_fixture.h"

#include <algorithm>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/ip.h"

namespace sekisho::test {
namespace {

void require(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(what);
}

}  // namespace

FdPair unix_pair() {
  std::array<int, 2> fds{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0, "socketpair");
  return {fds[0], fds[1]};
}

FdPair tcp_pair() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address{};
  socklen_t length = Endpoint{IpAddress::v4({127, 0, 0, 1}), 0}.to_sockaddr(address);
  auto* const native = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener, native, length) == 0, "bind");
  require(::listen(listener, 1) == 0, "listen");
  require(::getsockname(listener, native, &length) == 0, "getsockname");
  const int theirs = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(::connect(theirs, native, length) == 0, "connect");
  const int ours = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  require(ours >= 0, "accept");
  ::close(listener);
  return {ours, theirs};
}

Task<Result<std::string>> read_exactly(ByteStream& stream, std::size_t size, std::size_t piece) {
  std::string all;
  std::string buffer(piece, '\0');
  while (all.size() < size) {
    const std::size_t room = std::min(piece, size - all.size());
    const auto got = co_await stream.read_some(std::span(buffer.data(), room), soon());
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) break;
    all.append(buffer, 0, *got);
  }
  co_return all;
}

Task<Result<std::string>> read_to_end(ByteStream& stream) {
  co_return co_await read_exactly(stream, std::string::npos, 65536);
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : text) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return text;
}

}  // namespace sekisho::test
