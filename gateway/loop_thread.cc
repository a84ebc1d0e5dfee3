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

Result<std::unique_ptr<LoopThread>> LoopThread::create(const Shared& shared,
                                                       std::shared_ptr<const Snapshot> snapshot) {
  auto loop = std::make_unique<Loop>();
  auto dns = dns::Resolver::open(*loop, snapshot->settings.dns, shared.metrics);
  if (!dns) return fail(dns.error().kind, "dns: " + std::move(dns.error().text));
  return std::unique_ptr<LoopThread>(
      new LoopThread(shared, std::move(snapshot), std::move(loop), std::move(*dns)));
}

LoopThread::LoopThread(const Shared& shared, std::shared_ptr<const Snapshot> snapshot,
                       std::unique_ptr<Loop> loop, std::unique_ptr<dns::Resolver> dns)
    : shared_(shared),
      snapshot_(std::move(snapshot)),
      own_loop_(std::move(loop)),
      dns_(std::move(dns)),
      loop_(*own_loop_),
      pool_(loop_, shared.resolver, shared.offload, shared.log, shared.metrics),
      dovecot_(loop_),
      counters_(shared.metrics),
      services_{loop_,      shared.offload, *dns_,     shared.workers,     pool_,         dovecot_,
                shared.log, shared.metrics, counters_, shared.suspensions, shared.errands},
      arrivals_(
          loop_,
          [this](Connection connection, const Result<ProxyHeader>& header) {
            arrive(std::move(connection), header);
          },
          [this](std::string_view what) { log_failure("accept_failed", what); }) {}

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
  pool_.watch(snapshot_->upstreams);
  std::erase_if(listeners_, goes);
  for (ListenerSocket& one : sockets) {
    Place& place = listeners_[one.address];
    place.plan = snapshot_->listeners.at(one.listener);
    if (one.socket.is_open()) place.sockets.push_back(listen(one.address, std::move(one.socket)));
  }
}

std::unique_ptr<Listener> LoopThread::listen(const SocketAddress& address, Descriptor socket) {
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

void LoopThread::accept(const SocketAddress& address, Descriptor client, const Endpoint& peer) {
  const auto found = listeners_.find(address);
  if (found == listeners_.end()) return;
  const auto& plan = found->second.plan;
  if (!plan->settings.proxies.proxy_protocol.empty())
    return accept_from_proxy(plan, std::move(client), peer);
  if (address.is_unix()) return accept_local(plan, std::move(client));
  const auto& limits = snapshot_->settings.limits;
  auto ticket =
      shared_.limits.admit(peer.address, limits.max_connections, plan->max_connections_per_client);
  if (!ticket) return refuse(std::move(client), *plan, peer, ticket.error());
  const Endpoint local = local_endpoint(client.get());
  open_session({.snapshot = snapshot_,
                .plan = plan,
                .socket = std::move(client),
                .ticket = std::move(*ticket),
                .remote = peer,
                .local = local});
}

void LoopThread::open_session(Connection connection) {
  const auto& devices = connection.plan->devices;
  if (devices && connection.client_known &&
      devices->clients().find(connection.remote.address) == nullptr)
    return refuse_stranger(connection);
  sessions_.push_front(std::make_unique<Session>(services_, std::move(connection)));
  try {
    spawn(serve(sessions_.begin()));
  } catch (...) {  // no memory for its frame: it has not begun
    sessions_.pop_front();
    throw;
  }
}

// Nobody knows who it is but by the rights of the socket's file: one of many who come by it, or the
// only one. So it counts as no client, and no right hangs on its address.
void LoopThread::accept_local(const std::shared_ptr<const ListenerPlan>& plan, Descriptor client) {
  auto ticket = shared_.limits.admit_nobody(snapshot_->settings.limits.max_connections);
  if (!ticket) return refuse(std::move(client), *plan, {}, ticket.error());
  open_session({.snapshot = snapshot_,
                .plan = plan,
                .socket = std::move(client),
                .ticket = std::move(*ticket),
                .remote = {},
                .local = {},
                .client_known = false});
}

// Who may not announce a client may not be one either: everybody comes through the proxies here.
void LoopThread::accept_from_proxy(const std::shared_ptr<const ListenerPlan>& plan,
                                   Descriptor client, const Endpoint& peer) {
  const auto& proxies = plan->settings.proxies.proxy_protocol;
  const auto is_its = [&peer](const Network& one) { return one.contains(peer.address); };
  if (std::ranges::none_of(proxies, is_its))
    return refuse_proxy(*plan, peer, "stranger", "not one of the listener's proxies");
  const auto& settings = snapshot_->settings;
  auto ticket = shared_.limits.admit_unannounced(settings.limits.max_connections,
                                                 settings.limits.max_unannounced_connections);
  if (!ticket) return refuse(std::move(client), *plan, peer, ticket.error());
  const Endpoint local = local_endpoint(client.get());
  arrivals_.receive({.snapshot = snapshot_,
                     .plan = plan,
                     .socket = std::move(client),
                     .ticket = std::move(*ticket),
                     .remote = peer,
                     .local = local,
                     .client_known = false},
                    Deadline::in(settings.timeouts.proxy_header));
}

void LoopThread::arrive(Connection connection, const Result<ProxyHeader>& header) {
  session_ended_.notify();  // a drain waits for arrivals, too
  const ListenerPlan& plan = *connection.plan;
  if (!header) {
    const ErrorKind kind = header.error().kind;
    if (kind == ErrorKind::cancelled) return;
    const std::string_view reason = kind == ErrorKind::timeout  ? "timeout"
                                    : kind == ErrorKind::closed ? "closed"
                                                                : "malformed";
    return refuse_proxy(plan, connection.remote, reason, header.error().text);
  }
  // Its health check is no client's connection; whom it doesn't name has its address, and shares
  // what one client may have.
  if (header->client == ProxyHeader::Client::none) {
    connection.ticket.charge_nobody();
    return open_session(std::move(connection));
  }
  if (header->client == ProxyHeader::Client::announced) {
    connection.proxy = connection.remote;
    connection.client_known = true;
    connection.remote = header->source;
    connection.local = header->destination;
  }
  if (const auto charged =
          connection.ticket.charge(connection.remote.address, plan.max_connections_per_client);
      !charged)
    return refuse(std::move(connection.socket), plan, connection.remote, charged.error());
  open_session(std::move(connection));
}

// A refused connection costs one packet: no session, no wait, no TLS.
void LoopThread::refuse(Descriptor client, const ListenerPlan& plan, const Endpoint& peer,
                        ConnectionLimits::Refusal refusal) {
  if (!plan.dialog.implicit_tls) {
    const std::string reply = smtp::Reply::of(421, "4.7.0", describe(refusal)).wire();
    (void)::send(client.get(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  using Refusal = ConnectionLimits::Refusal;
  const std::string_view limit = refusal == Refusal::too_many_from_client   ? "client"
                                 : refusal == Refusal::too_many_unannounced ? "unannounced"
                                                                            : "all";
  shared_.metrics
      .counter("connections_refused_total", "Connections refused for a limit",
               {{"limit", std::string(limit)}})
      .add();
  shared_.refusals.refused(peer, plan.name, describe(refusal), Clock::now());
}

void LoopThread::refuse_stranger(const Connection& connection) {
  const std::string reply =
      smtp::Reply::of(554, "5.7.1", "not one of the devices of this listener").wire();
  (void)::send(connection.socket.get(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  shared_.metrics
      .counter("strangers_refused_total", "Connections of others than a listener's devices",
               {{"listener", connection.plan->name}})
      .add();
  shared_.refusals.refused(connection.remote, connection.plan->name,
                           "not one of the listener's devices", Clock::now());
}

// Without a word: nobody knows who would read it. A load balancer's check of the port says nothing
// either, every other second.
void LoopThread::refuse_proxy(const ListenerPlan& plan, const Endpoint& peer,
                              std::string_view reason, std::string_view why) {
  shared_.metrics
      .counter("proxy_headers_refused_total",
               "Connections closed for want of a PROXY header of a trusted proxy",
               {{"reason", std::string(reason)}})
      .add();
  if (reason != "closed") shared_.refusals.refused(peer, plan.name, why, Clock::now());
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
                             const SocketAddress* listening) noexcept {
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
  while (!deserted() && !grace_.passed(Clock::now()))
    (void)co_await session_ended_.wait(loop_, grace_, never);
  patience_ = patience_.or_sooner(Deadline::in(patience));
  arrivals_.cut();
  for (auto& session : sessions_) session->drain();
  while (!deserted() && !patience_.passed(Clock::now()))
    (void)co_await session_ended_.wait(loop_, patience_, never);
  if (!sessions_.empty())
    shared_.log.write(LogLine("sessions_cut", LogLevel::warning).add("sessions", sessions_.size()));
  for (auto& session : sessions_) session->cut();
  pool_.shut_down();
  while (!deserted()) (void)co_await session_ended_.wait(loop_, Deadline::never(), never);
  (void)co_await pool_.wait_quiet(Deadline::never(), never);
  done();
  loop_.stop();
}

}  // namespace sekisho
