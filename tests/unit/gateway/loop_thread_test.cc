#include "gateway/loop_thread.h"

#include <gtest/gtest.h>

#include "tests/support/direct_workers.h"
#include "tests/unit/gateway/listening_fixture.h"

namespace sekisho {
namespace {

struct NoErrands final : filters::Errands {
  void notify(filters::Notice /*notice*/) override {}
  void suspend(filters::Suspension /*suspension*/) override {}
};

TEST(LoopThread, ClosesTheSocketsOfALoopThatNeverRan) {
  const ListeningFixture fixture;
  Offload offload(1, 1);
  test::DirectWorkers workers;
  NameResolver resolver;
  const auto log = Log::in_memory();
  Metrics metrics;
  ConnectionLimits limits;
  RefusalLog refusals(*log);
  NoErrands errands;
  const auto suspensions = Suspensions::open({}, std::chrono::system_clock::now()).value();
  const auto snapshot = fixture.snapshot({{"mx", "127.0.0.1:0"}});
  auto opened = open_listening_sockets(*snapshot, {}, 1).value();
  const Endpoint address = opened.places.at("mx").bound.endpoint();
  {
    const auto thread = LoopThread::create({offload, resolver, workers, *log, metrics, limits,
                                            refusals, *suspensions, errands},
                                           snapshot)
                            .value();
    thread->adopt(snapshot, std::move(opened.shares.front()));
    EXPECT_FALSE(check_port_free(address));
  }
  EXPECT_TRUE(check_port_free(address));
}

}  // namespace
}  // namespace sekisho
