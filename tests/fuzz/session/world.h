// World: what lives through all runs of the session target: the loop, two upstreams, the
// configuration, made ready as at the start of the daemon, and a log that keeps nothing. Made once.
#pragma once

#include <cstdint>
#include <memory>

#include "gateway/connection_limits.h"
#include "gateway/net/resolve.h"
#include "gateway/session_services.h"
#include "gateway/snapshot.h"
#include "tests/fuzz/session/recording_upstream.h"
#include "tests/support/direct_workers.h"
#include "tests/support/temp_dir.h"

namespace sekisho::fuzz {

// Takes every line, and lets none pass that a byte of a client could have broken.
class CheckingLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  void write(const LogLine& line) override;
  void reopen() override {}
  void flush() override {}
};

enum class Plan : std::uint8_t {
  mx,          // our domain, from anybody
  submission,  // nothing before AUTH, which needs TLS, which there is none of
  any_grant,   // no AUTH demanded: the relay gate alone stands between a client and the world
};
enum class Patience : std::uint8_t {
  much,  // an upstream connection is held while the client thinks
  none,  // it is given back whenever the session waits
};

struct NoErrands final : filters::Errands {
  void notify(filters::Notice) override {}
  void suspend(filters::Suspension) override {}
};

struct World {
  // `folder` is for the users file and the spool.
  explicit World(const test::TempDir& folder);

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot(Patience patience) const {
    return patience == Patience::much ? patient_ : impatient_;
  }
  [[nodiscard]] std::shared_ptr<const ListenerPlan> plan(Plan plan) const;

  Loop loop;
  Offload offload{1, 64};
  NameResolver resolver;  // every upstream has an address: nobody asks it
  CheckingLog log;
  Metrics metrics;
  SessionCounters counters{metrics};
  std::unique_ptr<Suspensions> suspensions = Suspensions::open({}, {}).value();
  NoErrands errands;
  // No filter asks it.
  std::unique_ptr<dns::Resolver> dns =
      dns::Resolver::open(loop, {.servers = {"127.0.0.1:9"}}, metrics).value();
  test::DirectWorkers workers;  // nor them
  ConnectionLimits limits;
  RecordingUpstream first{loop};
  RecordingUpstream second{loop};

 private:
  [[nodiscard]] config::Settings settings(const test::TempDir& folder) const;

  std::shared_ptr<const Snapshot> patient_;
  std::shared_ptr<const Snapshot> impatient_;
  std::shared_ptr<const ListenerPlan> submission_;
  std::shared_ptr<const ListenerPlan> any_grant_;
};

}  // namespace sekisho::fuzz
