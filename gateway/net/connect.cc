#include "gateway/net/connect.h"

#include <algorithm>
#include <cerrno>
#include <list>
#include <optional>

#include <sys/socket.h>

#include "gateway/net/exhaustion.h"
#include "gateway/net/fd_waiter.h"
#include "gateway/net/socket_stream.h"

namespace sekisho {

Task<Result<Descriptor>> connect_descriptor(Loop& loop, const Endpoint& peer, Deadline deadline,
                                            CancelSource& cancel) {
  const std::string what = "connect to " + peer.to_string();
  const int family = peer.address.is_v4() ? AF_INET : AF_INET6;
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) co_return std::unexpected(refused_by_system(what, errno));
  sockaddr_storage address{};
  const socklen_t length = peer.to_sockaddr(address);
  // The cast is how the socket API has it.
  int result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length);
  int error = result == 0 ? 0 : errno;
  if (error == EINPROGRESS || error == EINTR) {
    FdWaiter waiter(loop, cancel, socket.get());
    switch (co_await waiter.writable(deadline)) {
      case FdWaiter::Woken::ready:
        break;
      case FdWaiter::Woken::timeout:
        co_return fail(ErrorKind::timeout, what + ": timed out");
      case FdWaiter::Woken::cancelled:
        co_return fail(ErrorKind::cancelled, what + ": cancelled");
      case FdWaiter::Woken::failed:
        co_return fail(ErrorKind::io, what + ": cannot watch the socket");
    }
    socklen_t size = sizeof(error);
    result = ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (result != 0) error = errno;
  }
  if (error != 0) co_return std::unexpected(refused_by_system(what, error));
  co_return std::move(socket);
}

std::vector<Endpoint> by_turns(const std::vector<Endpoint>& addresses) {
  if (addresses.empty()) return {};
  const bool v4_first = addresses.front().address.is_v4();
  std::vector<Endpoint> first, second;
  for (const Endpoint& one : addresses)
    (one.address.is_v4() == v4_first ? first : second).push_back(one);
  std::vector<Endpoint> mixed;
  mixed.reserve(addresses.size());
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

struct ConnectRace::Attempt {
  Endpoint address;
  std::optional<Result<Descriptor>> result;  // none: under way
};

ConnectRace::ConnectRace(Loop& loop, std::vector<Endpoint> addresses, Duration each, Deadline whole,
                         CancelSource& cancel, Duration head_start)
    : loop_(loop),
      left_(by_turns(addresses)),
      each_(each),
      whole_(whole),
      cancel_(cancel),
      head_start_(head_start) {}

Task<void> ConnectRace::run(ConnectRace& race, Attempt& attempt, CancelSource& stop) {
  attempt.result.emplace(co_await connect_descriptor(
      race.loop_, attempt.address, Deadline::in(race.each_).or_sooner(race.whole_), stop));
  race.changed_.notify();
}

Task<Result<ConnectRace::Winner>> ConnectRace::next() {
  CancelSource stop;  // the attempts alone: the winner goes on
  const CancelSource::Registration outer(cancel_, [&] { stop.cancel(); });
  CancelSource never;
  std::list<Attempt> attempts;  // a list: each is referred to by its coroutine
  const auto under_way = [&attempts] {
    return std::ranges::any_of(attempts, [](const Attempt& one) { return !one.result; });
  };
  std::optional<Winner> winner;
  TimePoint next_start = Clock::now();
  while (!winner && !cancel_.cancelled()) {
    const TimePoint now = Clock::now();
    if (!left_.empty() && now >= next_start && !whole_.passed(now)) {
      attempts.push_back({left_.front(), std::nullopt});
      left_.erase(left_.begin());
      next_start = now + head_start_;
      spawn(run(*this, attempts.back(), stop));
    } else if (under_way()) {
      const bool another = !left_.empty() && !whole_.passed(now);
      (void)co_await changed_.wait(loop_, another ? Deadline::at(next_start) : Deadline::never(),
                                   never);
    } else {
      break;
    }
    for (auto one = attempts.begin(); one != attempts.end() && !cancel_.cancelled();) {
      if (!one->result) {
        ++one;
        continue;
      }
      if (!*one->result) {
        note_failure(std::move(one->result->error()));
        next_start = Clock::now();  // nothing to wait for any more
      } else if (!winner) {
        winner = {one->address, make_socket_stream(loop_, (*one->result)->release(), cancel_)};
      } else {
        left_.insert(left_.begin(), one->address);
      }
      one = attempts.erase(one);
    }
  }
  stop.cancel();
  while (under_way()) (void)co_await changed_.wait(loop_, Deadline::never(), never);
  if (cancel_.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
  if (!winner) co_return std::unexpected(failure());
  // Who lost has not failed: should the winner be of no use, it is asked again.
  while (!attempts.empty()) {
    left_.insert(left_.begin(), attempts.back().address);
    attempts.pop_back();
  }
  co_return std::move(*winner);
}

Error ConnectRace::failure() const {
  if (failures_.empty())
    return {whole_.passed(Clock::now()) ? ErrorKind::timeout : ErrorKind::unavailable,
            "no address was tried"};
  Error all{failures_.back().kind, {}};
  for (const Error& one : failures_) {
    if (one.kind == ErrorKind::limit) all.kind = one.kind;  // it is we who lack something
    if (!all.text.empty()) all.text += "; ";
    all.text += one.text;
  }
  return all;
}

}  // namespace sekisho
