#include "gateway/auth/dovecot_connection.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/base/secret.h"
#include "gateway/net/fd_waiter.h"

namespace sekisho::auth {
namespace {

// More than any challenge: what has no end by then is no protocol of ours.
constexpr std::size_t kMaxLineFromServer = 65536;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

struct DovecotConnection::Waiting {
  Event woken{};
  std::optional<dovecot::Answer> answer{};
  std::string lost{};
};

Result<std::shared_ptr<DovecotConnection>> DovecotConnection::open(Loop& loop,
                                                                   const std::string& path) {
  const auto unavailable = [&path](int error) {
    return std::unexpected(system_error(ErrorKind::unavailable, "connect to " + path, error));
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return unavailable(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // A Unix socket connects at once or not at all: a full queue is EAGAIN.
  if (!socket.is_open() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return unavailable(errno);
  auto made = std::make_shared<DovecotConnection>(loop, std::move(socket));
  if (auto said = made->send(dovecot::hello(::getpid())); !said)
    return std::unexpected(std::move(said.error()));
  return made;
}

bool DovecotConnection::is_usable() const {
  if (lost_ || silent_) return false;
  if (reading_) return true;
  char byte = 0;
  const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got > 0 || (got < 0 && would_block(errno));
}

Result<void> DovecotConnection::send(std::string_view bytes) {
  if (lost_) return fail(ErrorKind::unavailable, "the connection to Dovecot is lost");
  const ssize_t sent =
      ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(bytes.size())) return {};
  // Some hundred kilobytes lie there unread: a server that is that far behind is no use to anybody.
  lose(sent < 0 && !would_block(errno) ? "Dovecot has closed the connection"
                                       : "Dovecot doesn't read what it is asked");
  return fail(ErrorKind::unavailable, "cannot ask Dovecot");
}

Task<Result<dovecot::Answer>> DovecotConnection::ask(std::uint32_t id, std::string line,
                                                     Deadline deadline, CancelSource& cancel) {
  const auto self = shared_from_this();
  const auto sent = send(line);
  wipe(line);
  if (!sent) co_return std::unexpected(sent.error());
  Waiting waiting;
  waiting_[id] = &waiting;
  if (!reading_) {
    reading_ = true;
    spawn(read_answers(self));
  }
  Result<void> woken;
  while (!waiting.answer && waiting.lost.empty() && woken)
    woken = co_await waiting.woken.wait(loop_, deadline, cancel);
  const bool given_up = !waiting.answer && waiting.lost.empty();
  if (given_up) {
    waiting_.erase(id);
    forget(id);
    if (woken.error().kind == ErrorKind::timeout) {
      silent_ = true;
      woken = fail(ErrorKind::unavailable, "Dovecot did not answer in time");
    }
    if (waiting_.empty() && pause_ != nullptr) pause_->cancel();
  }
  CancelSource never;
  while (reading_ && waiting_.empty())
    (void)co_await reader_ended_.wait(loop_, Deadline::never(), never);
  if (given_up) co_return std::unexpected(std::move(woken.error()));
  if (!waiting.answer) co_return fail(ErrorKind::unavailable, std::move(waiting.lost));
  co_return std::move(*waiting.answer);
}

Task<std::vector<dovecot::Mechanism>> DovecotConnection::await_mechanisms(Deadline deadline,
                                                                          CancelSource& cancel) {
  if (mechanisms_.empty()) (void)co_await ask(kNobody, {}, deadline, cancel);
  co_return mechanisms_;
}

void DovecotConnection::forget(std::uint32_t id) {
  if (!lost_ && id != kNobody) (void)send(dovecot::cancel_line(id));
}

Task<void> DovecotConnection::read_answers(std::shared_ptr<DovecotConnection> self) {
  while (!self->waiting_.empty() && !self->lost_) {
    CancelSource pause;
    FdWaiter waiter(self->loop_, pause, self->socket_.get());
    self->pause_ = &pause;
    const auto woken = co_await waiter.readable(Deadline::never());
    self->pause_ = nullptr;
    if (woken == FdWaiter::Woken::cancelled) continue;
    if (woken != FdWaiter::Woken::ready || !self->read_some())
      self->lose("the connection to Dovecot is lost");
  }
  self->reading_ = false;
  self->reader_ended_.notify();
}

bool DovecotConnection::read_some() {
  const auto scratch = loop_.scratch();
  const ssize_t got = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (got < 0 && would_block(errno)) return true;
  if (got <= 0) return false;
  ahead_.append(scratch.data(), static_cast<std::size_t>(got));
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = ahead_.find('\n', begin)) != std::string::npos; begin = end + 1)
    take(std::string_view(ahead_).substr(begin, end - begin));
  ahead_.erase(0, begin);
  return ahead_.size() <= kMaxLineFromServer;
}

void DovecotConnection::take(std::string_view line) {
  if (!greeted_ && line.starts_with("VERSION\t")) {
    greeted_ = dovecot::is_our_version(line);
    if (!greeted_) lose("Dovecot speaks another version of the protocol");
  } else if (auto mechanism = dovecot::parse_mechanism(line)) {
    offered_.push_back(std::move(*mechanism));
  } else if (line == "DONE") {
    mechanisms_ = std::exchange(offered_, {});
    deliver({.id = kNobody});
  } else if (auto answer = dovecot::parse_answer(line); answer && greeted_) {
    deliver(std::move(*answer));
  }
}

void DovecotConnection::deliver(dovecot::Answer answer) {
  const auto found = waiting_.find(answer.id);
  if (found == waiting_.end()) return;  // of somebody who has gone
  found->second->answer = std::move(answer);
  found->second->woken.notify();
  waiting_.erase(found);
}

void DovecotConnection::lose(std::string_view why) {
  lost_ = true;
  for (const auto& [id, waiting] : std::exchange(waiting_, {})) {
    waiting->lost = why;
    waiting->woken.notify();
  }
  if (pause_ != nullptr) pause_->cancel();
}

Result<std::shared_ptr<DovecotConnection>> DovecotConnections::to(const std::string& path) {
  auto& kept = open_[path];
  if (kept && kept->is_usable()) return kept;
  kept.reset();
  auto opened = DovecotConnection::open(loop_, path);
  if (opened) kept = *opened;
  return opened;
}

}  // namespace sekisho::auth
