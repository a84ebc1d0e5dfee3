// Resolver: asks the DNS on one loop, by libunbound's state machines and cache; one query for all
// who ask the same. Owned by the LoopThread (or a command); one thread; dies before its Loop, after
// everybody who waits on it. A dead name server costs who asks `timeout`, and nobody else anything.
#pragma once

#include <memory>
#include <string>

#include "gateway/async/loop.h"
#include "gateway/base/metrics.h"
#include "gateway/dns/answer.h"
#include "gateway/dns/dns_settings.h"

struct ub_ctx;

namespace sekisho::dns {

class Resolver {
 public:
  // Reads small files (resolv.conf, the trust anchor): not for a loop that already serves.
  // ErrorKind::invalid: a setting that libunbound or the system refuses, with its name.
  static Result<std::unique_ptr<Resolver>> open(Loop& loop, const DnsSettings& settings,
                                                Metrics& metrics);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `name` as bytes, labels parted by dots: what would be special to a resolver is escaped here.
  // ErrorKind::unavailable: the server failed, or its answer was forged; timeout: none in time;
  // invalid: that can't be a name; protocol: a broken answer; cancelled.
  Task<Result<Answer>> ask(Type type, std::string name, Deadline deadline, CancelSource& cancel);

 private:
  struct Query;
  struct Free {
    void operator()(ub_ctx* context) const;
  };
  Resolver(Loop& loop, const DnsSettings& settings, Metrics& metrics);
  Result<void> configure(const DnsSettings& settings);
  Result<void> start();
  Result<void> set(const char* option, const char* value);
  Task<Result<Answer>> wait_for(Type type, const std::string& name, Deadline deadline,
                                CancelSource& cancel);
  void count(Type type, const Result<Answer>& answer);
  static void on_answer(void* query, int rcode, void* packet, int length, int security,
                        char* why_bogus, int was_ratelimited);

  Loop& loop_;
  Metrics& metrics_;
  Duration timeout_;
  std::unique_ptr<ub_ctx, Free> context_;
};

}  // namespace sekisho::dns
