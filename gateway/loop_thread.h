// LoopThread: one event loop on a thread of its own, with its listeners, its sessions and its pool
// of upstream connections. Owned by the Server, which talks to it by the methods marked "any
// thread".
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/net/listener.h"
#include "gateway/session.h"

namespace sekisho {

class LoopThread {
 public:
  struct Shared {
    Offload& offload;
    Log& log;
    Metrics& metrics;
    ConnectionLimits& limits;
  };

  LoopThread(const Shared& shared, std::shared_ptr<const Snapshot> snapshot);
  ~LoopThread();  // drains without patience, then joins
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  // Before start(), or on the loop. Takes the socket.
  void listen(const std::string& listener, int fd);
  void start();

  // Any thread: new sessions use the new snapshot; listeners it doesn't have are closed, `opened`
  // ones begin.
  void adopt(std::shared_ptr<const Snapshot> snapshot, std::map<std::string, int> opened,
             std::vector<std::string> closed);
  // Any thread. Stops accepting, lets transactions end, cuts what is left after `patience`, then
  // calls `done` on this loop's thread and ends it.
  void drain(Duration patience, std::function<void()> done);

 private:
  void accept(const std::string& listener, int fd, const Endpoint& peer);
  void refuse(int fd, const ListenerPlan& plan, const Endpoint& peer,
              ConnectionLimits::Refusal refusal);
  Task<void> serve(std::list<std::unique_ptr<Session>>::iterator place);
  Task<void> finish_draining(Duration patience, std::function<void()> done);

  Shared shared_;
  std::shared_ptr<const Snapshot> snapshot_;
  Loop loop_;
  upstream::Pool pool_;
  SessionCounters counters_;
  SessionServices services_;
  std::map<std::string, std::unique_ptr<Listener>> listeners_;
  std::list<std::unique_ptr<Session>> sessions_;
  Event session_ended_;
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace sekisho
