// HealthChecks: asks the upstreams that carry no mail whether they are well: a new connection as
// far as a message would need it (greeting, EHLO, TLS, log-in), and QUIT. So one that is frozen is
// found before a client has to wait for it, and what EHLO offers is known before the first client
// comes. Each Upstream's CheckState sees to it that one loop asks it. Owned by a pool; one loop.
#pragma once

#include <functional>
#include <memory>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/net/resolve.h"
#include "gateway/upstream/connection_slot.h"
#include "gateway/upstream/health.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

class HealthChecks {
 public:
  // `spawner` runs a check to its end, and is its pool's: it counts what is under way.
  using Spawner = std::function<void(std::shared_ptr<Upstream>, ConnectionSlot)>;

  HealthChecks(Loop& loop, Health& health, Spawner spawner);

  // From now on these and no others; those never asked are asked at once.
  void watch(const Upstreams& upstreams);
  void stop();
  // One check; for the spawner.
  Task<void> check(Loop& loop, NameResolver& resolver, Offload& offload,
                   std::shared_ptr<Upstream> upstream, ConnectionSlot slot, CancelSource& cancel);

 private:
  void look();
  void arm();

  Health& health_;
  Spawner spawner_;
  Upstreams upstreams_;
  Timer timer_;
  bool stopped_ = false;
};

}  // namespace sekisho::upstream
