// LoopThread: one event loop on a thread of its own, with its listeners, its sessions and its pool
// of upstream connections. Owned by the Server, which talks to it by the methods marked "any
// thread". An exception on the way costs one connection, never the loop.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/arrivals.h"
#include "gateway/listening_sockets.h"
#include "gateway/net/listener.h"
#include "gateway/refusal_log.h"
#include "gateway/session.h"

namespace sekisho {

class LoopThread {
 public:
  struct Shared {
    Offload& offload;
    NameResolver& resolver;
    worker::Workers& workers;
    Log& log;
    Metrics& metrics;
    ConnectionLimits& limits;
    RefusalLog& refusals;
    Suspensions& suspensions;
    filters::Errands& errands;
  };

  // ErrorKind::invalid: a setting of [dns].
  static Result<std::unique_ptr<LoopThread>> create(const Shared& shared,
                                                    std::shared_ptr<const Snapshot> snapshot);
  ~LoopThread();  // drains without patience, then joins
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  void start();

  // Any thread: new sessions use the new snapshot. `sockets` is all that this thread listens on
  // from then on; what it listens on besides is closed.
  void adopt(std::shared_ptr<const Snapshot> snapshot, std::vector<ListenerSocket> sockets);
  // Any thread: calls `answer` on this loop's thread.
  void ask(std::function<void()> answer) { loop_.post(std::move(answer)); }
  // Any thread. Stops accepting and lets sessions go on for `grace`; then lets transactions end,
  // cuts what is left after `patience`, calls `done` on this loop's thread and ends it. That takes
  // as long as the slowest session needs to unwind: whoever can't wait for that must end the
  // process.
  void drain(Duration grace, Duration patience, std::function<void()> done);
  // Any thread, after drain(): no more grace.
  void hurry();
  // Any thread, after drain(): no more patience.
  void cut();

 private:
  // One address.
  struct Place {
    std::shared_ptr<const ListenerPlan> plan;
    std::vector<std::unique_ptr<Listener>> sockets;
  };
  LoopThread(const Shared& shared, std::shared_ptr<const Snapshot> snapshot,
             std::unique_ptr<Loop> loop, std::unique_ptr<dns::Resolver> dns);

  using Sessions = std::list<std::unique_ptr<Session>>;

  void take_over(std::shared_ptr<const Snapshot> snapshot, std::vector<ListenerSocket>& sockets);
  std::unique_ptr<Listener> listen(const SocketAddress& address, Descriptor socket);
  void accept(const SocketAddress& address, Descriptor client, const Endpoint& peer);
  void accept_local(const std::shared_ptr<const ListenerPlan>& plan, Descriptor client);
  void accept_from_proxy(const std::shared_ptr<const ListenerPlan>& plan, Descriptor client,
                         const Endpoint& peer);
  void arrive(Connection connection, const Result<ProxyHeader>& header);
  void open_session(Connection connection);
  void refuse(Descriptor client, const ListenerPlan& plan, const Endpoint& peer,
              ConnectionLimits::Refusal refusal);
  void refuse_stranger(const Connection& connection);
  void refuse_proxy(const ListenerPlan& plan, const Endpoint& peer, std::string_view reason,
                    std::string_view why);
  Task<void> serve(Sessions::iterator place);
  [[nodiscard]] bool deserted() const { return sessions_.empty() && arrivals_.empty(); }
  Task<void> finish_draining(Duration patience, std::function<void()> done);
  void log_failure(std::string_view event, std::string_view what,
                   const SocketAddress* listening = nullptr) noexcept;

  Shared shared_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Loop> own_loop_;
  std::unique_ptr<dns::Resolver> dns_;
  Loop& loop_;
  upstream::Pool pool_;
  auth::DovecotConnections dovecot_;
  SessionCounters counters_;
  SessionServices services_;
  std::map<SocketAddress, Place> listeners_;
  Arrivals arrivals_;
  Sessions sessions_;
  Event session_ended_;
  bool draining_ = false;
  Deadline grace_ = Deadline::never();     // when draining: until sessions are told to end
  Deadline patience_ = Deadline::never();  // when draining: until the sessions are cut
  std::thread thread_;
};

}  // namespace sekisho
