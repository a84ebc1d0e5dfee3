// SessionServices: what the sessions of one loop thread share. Owned by the LoopThread; outlives
// them.
#pragma once

#include "filters/errands.h"
#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/auth/dovecot_connection.h"
#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/dns/resolver.h"
#include "gateway/suspensions.h"
#include "gateway/upstream/pool.h"
#include "gateway/worker/workers.h"

namespace sekisho {

// Counters that sessions touch for every message, looked up once.
struct SessionCounters {
  explicit SessionCounters(Metrics& metrics);

  Gauge& sessions_open;
  Counter& sessions;
  Counter& sessions_failed;
  Counter& accepted;
  Counter& rejected;
  Counter& deferred;
  Counter& abandoned;
  Counter& recipients_accepted;
  Counter& recipients_refused;
  Counter& relay_denied;
  Counter& unknown_from_cache;
  Counter& known_from_cache;
  Counter& senders_rejected;
  Counter& senders_rewritten;
  Counter& senders_logged;
  Counter& auth_succeeded;
  Counter& auth_failed;
  Counter& bytes_received;
};

struct SessionServices {
  Loop& loop;
  Offload& offload;
  dns::Resolver& resolver;
  worker::Workers& workers;
  upstream::Pool& pool;
  auth::DovecotConnections& dovecot;
  Log& log;
  Metrics& metrics;
  SessionCounters& counters;
  Suspensions& suspensions;
  filters::Errands& errands;
};

}  // namespace sekisho
