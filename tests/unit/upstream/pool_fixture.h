// A pool with its log and metrics kept in memory, over scripted upstreams.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/upstream/pool.h"
#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {

struct PoolFixture : UpstreamFixture {
  std::unique_ptr<Log> log = Log::in_memory();
  Metrics metrics;
  std::unique_ptr<Pool> pool = std::make_unique<Pool>(loop, resolver, offload, *log, metrics);

  ~PoolFixture() override { settle(); }

  // Ends the pool as a loop thread's owner does.
  void settle() {
    if (!pool) return;
    pool->shut_down();
    CancelSource never;
    EXPECT_TRUE(run(pool->wait_quiet(Deadline::in(10s), never)));
    pool.reset();
  }

  static std::shared_ptr<Upstream> upstream(const std::string& name,
                                            const UpstreamSettings& settings) {
    return Upstream::make(name, settings, "gateway.test").value();
  }
  static std::shared_ptr<Upstream> upstream(const std::string& name,
                                            const test::ScriptedUpstream& peer,
                                            std::int64_t priority = 10) {
    UpstreamSettings settings = settings_for(peer.port());
    settings.priority = priority;
    return upstream(name, settings);
  }

  Task<Result<Lease>> take(const Upstreams& upstreams, Deadline deadline = Deadline::in(10s)) {
    co_return co_await pool->lease(upstreams, {}, false, deadline, cancel);
  }
  Result<Lease> lease(const Upstreams& upstreams, std::vector<std::string> passed_over = {},
                      bool fresh_only = false, Deadline deadline = Deadline::in(10s)) {
    return run(pool->lease(upstreams, passed_over, fresh_only, deadline, cancel));
  }
  // Leases, sends a message, gives back; the name of the upstream, or the error.
  std::string use(const Upstreams& upstreams) {
    auto leased = lease(upstreams);
    if (!leased) return "error: " + leased.error().text;
    const std::string name = leased->upstream->name;
    const Journey journey = send(*leased->client);
    EXPECT_EQ(journey.stopped_at, "") << journey.words;
    pool->give_back(std::move(*leased));
    return name;
  }
  // Runs the loop until `condition` holds; false after 10 s.
  template <class Condition>
  bool turn_until(Condition condition) {
    return run([](PoolFixture& self, Condition holds) -> Task<bool> {
      const Deadline deadline = Deadline::in(10s);
      CancelSource never;
      while (!holds()) {
        if (deadline.passed(Clock::now())) co_return false;
        (void)co_await self.loop.sleep_until(Deadline::in(2ms), never);
      }
      co_return true;
    }(*this, std::move(condition)));
  }
  [[nodiscard]] std::size_t lines(std::string_view event) const {
    std::size_t count = 0;
    for (const std::string& line : log->kept())
      if (line.find(event) != std::string::npos) ++count;
    return count;
  }
  double breaker_gauge(const std::string& name) {
    return metrics.gauge("upstream_breaker_open", "", {{"upstream", name}}).value();
  }
  double counted(const std::string& counter, const std::string& name) {
    return metrics.counter(counter, "", {{"upstream", name}}).value();
  }
};

}  // namespace sekisho::upstream
