#include "tests/fuzz/session/fuzz_client.h"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

#include "gateway/net/socket_stream.h"

namespace sekisho::fuzz {
namespace {

// Turns of the loop within which a session answers that has nothing to wait for but its upstream.
constexpr int kTurnsForAnAnswer = 24;

}  // namespace

FuzzClient::FuzzClient(Loop& loop, int fd)
    : loop_(loop), fd_(fd), stream_(make_socket_stream(loop, fd, never_)) {}

Task<void> FuzzClient::turn() {
  (void)co_await loop_.sleep_until(Deadline::at(TimePoint::min()), never_);
}

// Past the stream, which may have a read pending: a socket does both at once.
Task<void> FuzzClient::write(std::string_view bytes) {
  while (!bytes.empty() && !gone_) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN)
      co_await turn();
    else
      gone_ = true;
  }
}

Task<void> FuzzClient::wait_for_answer() {
  const std::size_t before = heard_.size();
  for (int turns = 0; turns < kTurnsForAnAnswer && heard_.size() == before; ++turns)
    co_await turn();
}

Task<void> FuzzClient::talk(std::string_view script, std::size_t piece) {
  while (!script.empty() && !gone_) {
    const std::size_t marker = script.find_first_of(std::string{kCut, kListen});
    const std::size_t size = std::min({marker, piece, script.size()});
    co_await write(script.substr(0, size));
    script.remove_prefix(size);
    if (size != marker) {
      co_await turn();
      continue;
    }
    const bool listen = script.front() == kListen;
    script.remove_prefix(1);
    co_await (listen ? wait_for_answer() : turn());
  }
  ::shutdown(fd_, SHUT_WR);
}

Task<void> FuzzClient::listen() {
  while (true) {
    const auto got = co_await stream_->read_some(loop_.scratch(), Deadline::never());
    if (!got || *got == 0) break;
    heard_.append(loop_.scratch().data(), *got);
  }
  gone_ = true;
}

}  // namespace sekisho::fuzz
