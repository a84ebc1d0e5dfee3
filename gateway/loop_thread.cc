#include "gateway/loop_thread.h"

#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace sekisho {
namespace {

// After the sessions are gone, upstream connections get this long for their QUIT.
constexpr auto kPoolWait = 2s;

Endpoint local_endpoint(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address), length);
}

}  // namespace

LoopThread::LoopThread(const Shared& shared, std::shared_ptr<const Snapshot> snapshot)
    : shared_(shared),
      snapshot_(std::move(snapshot)),
      pool_(loop_, shared.offload, snapshot_->settings.hostname, shared.log, shared.metrics),
      counters_(shared.metrics),
      services_{loop_, shared.offload, pool_, shared.log, shared.metrics, counters_} {}

LoopThread::~LoopThread() {
  if (!thread_.joinable()) return;
  drain(Duration::zero(), [] {});
  thread_.join();
}

void LoopThread::listen(const std::string& listener, int fd) {
  listeners_[listener] = std::make_unique<Listener>(
      loop_, fd,
      [this, listener](int client, const Endpoint& peer) { accept(listener, client, peer); },
      [this, listener](const Error& why) {
        shared_.log.write(LogLine("accept_paused", LogLevel::error)
                              .add("listener", listener)
                              .add("what", why.text));
      });
}

void LoopThread::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void LoopThread::adopt(std::shared_ptr<const Snapshot> snapshot, std::map<std::string, int> opened,
                       std::vector<std::string> closed) {
  loop_.post([this, snapshot = std::move(snapshot), opened = std::move(opened),
              closed = std::move(closed)]() mutable {
    if (draining_) {
      for (const auto& [name, fd] : opened) ::close(fd);
      return;
    }
    snapshot_ = std::move(snapshot);
    for (const std::string& name : closed) listeners_.erase(name);
    for (const auto& [name, fd] : opened) listen(name, fd);
  });
}

void LoopThread::accept(const std::string& listener, int fd, const Endpoint& peer) {
  const auto found = snapshot_->listeners.find(listener);
  if (found == snapshot_->listeners.end()) {
    ::close(fd);
    return;
  }
  const auto& limits = snapshot_->settings.limits;
  auto ticket =
      shared_.limits.admit(peer.address, limits.max_connections, limits.max_connections_per_client);
  if (!ticket) return refuse(fd, *found->second, peer, ticket.error());
  sessions_.push_front(std::make_unique<Session>(services_, snapshot_, found->second,
                                                 std::move(*ticket), fd, peer, local_endpoint(fd)));
  spawn(serve(sessions_.begin()));
}

// A refused connection costs one packet: no session, no wait, no TLS.
void LoopThread::refuse(int fd, const ListenerPlan& plan, const Endpoint& peer,
                        ConnectionLimits::Refusal refusal) {
  const bool from_client = refusal == ConnectionLimits::Refusal::too_many_from_client;
  const std::string_view why = from_client ? "too many connections from your address"
                                           : "too many connections, try again later";
  if (!plan.dialog.implicit_tls) {
    const std::string reply = smtp::Reply::of(421, "4.7.0", why).wire();
    (void)::send(fd, reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  ::close(fd);
  shared_.metrics
      .counter("connections_refused_total", "Connections refused for a limit",
               {{"limit", from_client ? "client" : "all"}})
      .add();
  shared_.log.write(LogLine("connection_refused", LogLevel::warning)
                        .src(peer)
                        .add("listener", plan.name)
                        .add("why", why));
}

Task<void> LoopThread::serve(std::list<std::unique_ptr<Session>>::iterator place) {
  co_await (*place)->run();
  sessions_.erase(place);
  session_ended_.notify();
}

void LoopThread::drain(Duration patience, std::function<void()> done) {
  loop_.post([this, patience, done = std::move(done)]() mutable {
    if (std::exchange(draining_, true)) return;
    listeners_.clear();
    spawn(finish_draining(patience, std::move(done)));
  });
}

Task<void> LoopThread::finish_draining(Duration patience, std::function<void()> done) {
  CancelSource never;
  const Deadline bound = Deadline::in(patience);
  for (auto& session : sessions_) session->drain();
  while (!sessions_.empty() && !bound.passed(Clock::now()))
    (void)co_await session_ended_.wait(loop_, bound, never);
  if (!sessions_.empty())
    shared_.log.write(LogLine("sessions_cut", LogLevel::warning).add("sessions", sessions_.size()));
  for (auto& session : sessions_) session->cut();
  pool_.shut_down();
  while (!sessions_.empty()) (void)co_await session_ended_.wait(loop_, Deadline::never(), never);
  (void)co_await pool_.wait_quiet(Deadline::in(kPoolWait), never);
  done();
  loop_.stop();
}

}  // namespace sekisho
