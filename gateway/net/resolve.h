// NameResolver: turns "host:port" into addresses without blocking a loop: literals at once, names
// by getaddrinfo(). On threads of its own, since a name server that is silent holds a thread for
// half a minute, and nothing but other look-ups may suffer from that. One look-up for all who ask
// for the same name; its result is kept for a while. Owned by the Server; any loop. Dying doesn't
// wait for look-ups under way: they end by themselves. (DNS records for filters are a different
// thing.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/async/loop.h"
#include "gateway/base/ip.h"

namespace sekisho {

class NameResolver {
 public:
  using Addresses = std::vector<IpAddress>;
  // May block; is called on several threads.
  using LookUp = std::function<Result<Addresses>(const std::string& host)>;
  struct Options {
    LookUp look_up;  // default: getaddrinfo()
    std::size_t max_threads = 2;
    Duration keep = 30s;
    Duration keep_failure = 5s;
  };

  NameResolver() : NameResolver(Options()) {}
  explicit NameResolver(Options options);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // At least one address, all with `port`. ErrorKind::unavailable: there is none, or nobody knows;
  // ErrorKind::invalid: that is no name; ErrorKind::limit: the process is out of something;
  // ErrorKind::timeout and ErrorKind::cancelled end the waiting, not the look-up.
  Task<Result<std::vector<Endpoint>>> resolve(Loop& loop, std::string host, std::uint16_t port,
                                              Deadline deadline, CancelSource& cancel);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace sekisho
