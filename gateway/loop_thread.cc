#include "gateway/loop_thread.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <sys/socket.h>

namespace sekisho {
namespace {

// Of clients that wait at a socket which is about to be closed, so many are still served.
constexpr int kLastAccepts = 1024;

}  // namespace

LoopThread::LoopThread(const Shared& shared, std::shared_ptr<const Snapshot> snapshot)
    : shared_(shared),
      snapshot_(std::move(snapshot)),
      pool_(loop_, shared.resolver, shared.offload, shared.log, shared.metrics),
      dovecot_(loop_),
      counters_(shared.metrics),
      services_{loop_, shared.offload, pool_, dovecot_, shared.log, shared.metrics, counters_} {}

LoopThread::~LoopThread() {
  if (!thread_.joinable()) return;
  drain(Duration::zero(), Duration::zero(), [] {});
  thread_.join();
}

void LoopThread::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void LoopThread::adopt(std::shared_ptr<const Snapshot> snapshot,
                       std::vector<ListenerSocket> sockets) {
  // Shared, as a std::function is copied; owned, as a loop that ends before drops what is posted.
  auto taken = std::make_shared<std::vector<ListenerSocket>>(std::move(sockets));
  loop_.post([this, snapshot = std::move(snapshot), taken] {
    try {
      if (!draining_) take_over(snapshot, *taken);
    } catch (const std::exception& error) {
      log_failure("adopt_failed", error.what());
    }
  });
}

void LoopThread::take_over(std::shared_ptr<const Snapshot> snapshot,
                           std::vector<ListenerSocket>& sockets) {
  const auto goes = [&sockets](const auto& entry) {
    return std::ranges::find(sockets, entry.first, &ListenerSocket::address) == sockets.end();
  };
  for (const auto& entry : listeners_)
    if (goes(entry))
      for (const auto& socket : entry.second.sockets) socket->accept_waiting(kLastAccepts);
  snapshot_ = std::move(snapshot);
  std::erase_if(listeners_, goes);
  for (ListenerSocket& one : sockets) {
    Place& place = listeners_[one.address];
    place.plan = snapshot_->listeners.at(one.listener);
    if (one.socket.is_open()) place.sockets.push_back(listen(one.address, std::move(one.socket)));
  }
}

std::unique_ptr<Listener> LoopThread::listen(const Endpoint& address, Descriptor socket) {
  return std::make_unique<Listener>(
      loop_, socket.release(),
      [this, address](int client, const Endpoint& peer) {
        try {
          accept(address, Descriptor(client), peer);
        } catch (const std::exception& error) {
          log_failure("accept_failed", error.what(), &address);
        }
      },
      [this, address](const Error& why) { log_failure("accept_paused", why.text, &address); });
}

void LoopThread::accept(const Endpoint& address, Descriptor client, const Endpoint& peer) {
  const auto found = listeners_.find(address);
  if (found == listeners_.end()) return;
  const auto& plan = found->second.plan;
  const auto& limits = snapshot_->settings.limits;
  auto ticket =
      shared_.limits.admit(peer.address, limits.max_connections, limits.max_connections_per_client);
  if (!ticket) return refuse(std::move(client), *plan, peer, ticket.error());
  const Endpoint local = local_endpoint(client.get());
  sessions_.push_front(std::make_unique<Session>(services_, snapshot_, plan, std::move(*ticket),
                                                 client.release(), peer, local));
  try {
    spawn(serve(sessions_.begin()));
  } catch (...) {  // no memory for its frame: it has not begun
    sessions_.pop_front();
    throw;
  }
}

// A refused connection costs one packet: no session, no wait, no TLS.
void LoopThread::refuse(Descriptor client, const ListenerPlan& plan, const Endpoint& peer,
                        ConnectionLimits::Refusal refusal) {
  if (!plan.dialog.implicit_tls) {
    const std::string reply = smtp::Reply::of(421, "4.7.0", describe(refusal)).wire();
    (void)::send(client.get(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  const bool from_client = refusal == ConnectionLimits::Refusal::too_many_from_client;
  shared_.metrics
      .counter("connections_refused_total", "Connections refused for a limit",
               {{"limit", from_client ? "client" : "all"}})
      .add();
  shared_.refusals.refused(peer, plan.name, refusal, Clock::now());
}

Task<void> LoopThread::serve(Sessions::iterator place) {
  try {
    co_await (*place)->run();
  } catch (const std::exception& error) {
    counters_.sessions_failed.add();
    log_failure("session_failed", error.what());
  }
  sessions_.erase(place);
  session_ended_.notify();
}

// When memory is short, the line may be what there is none for.
void LoopThread::log_failure(std::string_view event, std::string_view what,
                             const Endpoint* listening) noexcept {
  try {
    LogLine line(event, LogLevel::error);
    if (listening != nullptr) line.add("address", listening->to_string());
    shared_.log.write(line.add("what", what));
  } catch (const std::exception&) {
    return;
  }
}

void LoopThread::drain(Duration grace, Duration patience, std::function<void()> done) {
  loop_.post([this, grace, patience, done = std::move(done)]() mutable {
    if (std::exchange(draining_, true)) return;
    listeners_.clear();
    grace_ = Deadline::in(grace);
    spawn(finish_draining(patience, std::move(done)));
  });
}

void LoopThread::hurry() {
  loop_.post([this] {
    grace_ = Deadline::in(Duration::zero());
    session_ended_.notify();
  });
}

void LoopThread::cut() {
  loop_.post([this] {
    grace_ = patience_ = Deadline::in(Duration::zero());
    session_ended_.notify();
  });
}

Task<void> LoopThread::finish_draining(Duration patience, std::function<void()> done) {
  CancelSource never;
  while (!sessions_.empty() && !grace_.passed(Clock::now()))
    (void)co_await session_ended_.wait(loop_, grace_, never);
  patience_ = patience_.or_sooner(Deadline::in(patience));
  for (auto& session : sessions_) session->drain();
  while (!sessions_.empty() && !patience_.passed(Clock::now()))
    (void)co_await session_ended_.wait(loop_, patience_, never);
  if (!sessions_.empty())
    shared_.log.write(LogLine("sessions_cut", LogLevel::warning).add("sessions", sessions_.size()));
  for (auto& session : sessions_) session->cut();
  pool_.shut_down();
  while (!sessions_.empty()) (void)co_await session_ended_.wait(loop_, Deadline::never(), never);
  (void)co_await pool_.wait_quiet(Deadline::never(), never);
  done();
  loop_.stop();
}

}  // namespace sekisho
