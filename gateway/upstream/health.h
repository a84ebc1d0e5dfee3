// Health: what a pool learns about its upstreams, told to the breakers, the log and the metrics. An
// upstream that answers EHLO is tried again; whether it is well shows when a fresh connection has
// done its work, so only that ends a row of failures. Owned by the pool; one loop.
#pragma once

#include <map>
#include <string>

#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/upstream/smtp_client.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

class Health {
 public:
  Health(Log& log, Metrics& metrics) : log_(log), metrics_(metrics) {}

  void connected(Upstream& upstream, const SmtpClient& client);
  void connect_failed(Upstream& upstream, const Error& why, TimePoint now);
  void given_back(Upstream& upstream, const SmtpClient& client);
  void served(Upstream& upstream);  // a fresh connection did its work, or was given back in order
  void worked(Upstream& upstream, TimePoint now);  // any connection of use: no check is needed
  // What a check found (checks.h).
  void check_passed(Upstream& upstream, const SmtpClient& client, TimePoint now);
  void check_failed(Upstream& upstream, const Error& why, TimePoint now);
  // A fresh connection was dropped: counts when it was the connection that failed.
  void dropped(Upstream& upstream, const Error& why, TimePoint now);

 private:
  struct Meters {
    Counter& opened;
    Counter& failures;
    Counter& resumed;
    Gauge& breaker_open;
  };
  Meters& meters(const Upstream& upstream);
  Gauge& check_ok(const Upstream& upstream);
  void heard(Upstream& upstream, const SmtpClient& client);
  Breaker::Failure refused_login(Upstream& upstream, const Error& why);
  void failed(Upstream& upstream, const Error& why, TimePoint now, Breaker::Failure what);

  Log& log_;
  Metrics& metrics_;
  std::map<std::string, Meters> meters_;  // by the upstream's name
};

}  // namespace sekisho::upstream
