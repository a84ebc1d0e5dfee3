// Leases that must wait for a connection, and the end of a pool.
#include <thread>

#include <gmock/gmock.h>

#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace step = test::step;

struct PoolWaiting : PoolFixture {
  // What became of a lease that was asked for and not awaited.
  struct Asked {
    std::optional<Result<Lease>> result;
    int order = 0;
  };
  int answered = 0;

  std::shared_ptr<Asked> ask(const Upstreams& upstreams, bool fresh_only = false,
                             Deadline deadline = Deadline::in(10s)) {
    auto asked = std::make_shared<Asked>();
    spawn([](PoolWaiting& self, const Upstreams& of, bool fresh, Deadline by,
             std::shared_ptr<Asked> out) -> Task<void> {
      const std::vector<std::string> none;
      out->result = co_await self.pool->lease(of, none, fresh, by, self.cancel);
      out->order = ++self.answered;
    }(*this, upstreams, fresh_only, deadline, asked));
    return asked;
  }
  static Upstreams limited(const ScriptedUpstream& peer, std::int64_t connections) {
    UpstreamSettings settings = settings_for(peer.port());
    settings.max_connections = connections;
    return {upstream("a", settings)};
  }
};

TEST_F(PoolWaiting, HandsAReturnedConnectionToWhoWaitsLongest) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 1);
  auto held = lease(upstreams);
  ASSERT_TRUE(held);
  std::vector<std::shared_ptr<Asked>> line;
  for (int i = 0; i < 3; ++i) line.push_back(ask(upstreams));
  EXPECT_FALSE(line[0]->result);
  pool->give_back(std::move(*held));
  for (int i = 0; i < 3; ++i) {
    auto& one = *line[static_cast<std::size_t>(i)];
    ASSERT_TRUE(turn_until([&] { return one.result.has_value(); }));
    ASSERT_TRUE(one.result->has_value());
    EXPECT_EQ(one.order, i + 1);
    EXPECT_FALSE((*one.result)->fresh);
    pool->give_back(std::move(**one.result));
  }
  EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(PoolWaiting, HandsThePlaceOfALostConnectionOn) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 1);
  auto held = lease(upstreams);
  const auto waiting = ask(upstreams);
  pool->drop(std::move(*held), Error{ErrorKind::closed, "gone"});
  ASSERT_TRUE(turn_until([&] { return waiting->result.has_value(); }));
  ASSERT_TRUE(waiting->result->has_value());
  EXPECT_TRUE((*waiting->result)->fresh);
  EXPECT_EQ(peer.connections(), 2U);
  EXPECT_EQ(upstreams[0]->connections, 1);
}

TEST_F(PoolWaiting, GivesAFreshConnectionToWhoWantsOneEvenAtTheLimit) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 1);
  EXPECT_EQ(use(upstreams), "a");
  auto fresh = lease(upstreams, {}, true);
  ASSERT_TRUE(fresh) << "the idle one had to make room";
  EXPECT_TRUE(fresh->fresh);
  const auto waiting = ask(upstreams, true);
  pool->give_back(std::move(*fresh));
  ASSERT_TRUE(turn_until([&] { return waiting->result.has_value(); }));
  ASSERT_TRUE(waiting->result->has_value());
  EXPECT_TRUE((*waiting->result)->fresh);
  EXPECT_EQ(peer.connections(), 3U);
}

TEST_F(PoolWaiting, SaysUnavailableWhenNoneComesBackInTime) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 2);
  auto first = lease(upstreams);
  auto second = lease(upstreams);
  const auto third = lease(upstreams, {}, false, Deadline::in(30ms));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(third.error().text, HasSubstr("in use"));
  EXPECT_EQ(peer.connections(), 2U);
  EXPECT_FALSE(upstreams[0]->breaker->open());
}

TEST_F(PoolWaiting, StopsWaitingWhenCancelledAndLeavesTheLine) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 1);
  auto held = lease(upstreams);
  const auto waiting = ask(upstreams);
  cancel.cancel();
  ASSERT_TRUE(turn_until([&] { return waiting->result.has_value() || pool->quiet(); }));
  ASSERT_TRUE(waiting->result);
  EXPECT_EQ(waiting->result->error().kind, ErrorKind::cancelled);
  pool->give_back(std::move(*held));
  EXPECT_EQ(pool->idle_connections(), 1U);
}

TEST_F(PoolWaiting, GoesToAnEqualUpstreamThatHasRoom) {
  ScriptedUpstream one, two;
  UpstreamSettings settings = settings_for(one.port());
  settings.max_connections = 1;
  const Upstreams upstreams{upstream("a", settings), upstream("b", two)};
  std::vector<Lease> held;
  for (int i = 0; i < 4; ++i) held.push_back(lease(upstreams).value());
  EXPECT_EQ(one.connections(), 1U);
  EXPECT_EQ(two.connections(), 3U);
}

TEST_F(PoolWaiting, WaitsInTheLineOfEveryEqualUpstream) {
  ScriptedUpstream one, two;
  UpstreamSettings first = settings_for(one.port()), second = settings_for(two.port());
  first.max_connections = second.max_connections = 1;
  const Upstreams upstreams{upstream("a", first), upstream("b", second)};
  std::vector<Lease> held;
  for (int i = 0; i < 2; ++i) held.push_back(lease(upstreams).value());
  const auto waiting = ask(upstreams);
  const std::string returned = held[1].upstream->name;
  pool->give_back(std::move(held[1]));
  ASSERT_TRUE(turn_until([&] { return waiting->result.has_value(); }));
  EXPECT_EQ((*waiting->result)->upstream->name, returned);
  pool->give_back(std::move(held[0]));
  EXPECT_EQ(pool->idle_connections(), 1U) << "nobody waits there any more";
}

TEST_F(PoolWaiting, ServesManyMoreLeasesThanThereAreConnections) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 3);
  int done = 0;
  for (int i = 0; i < 60; ++i)
    spawn([](PoolWaiting& self, const Upstreams& of, int number, int& count) -> Task<void> {
      auto leased = co_await self.take(of);
      EXPECT_TRUE(leased);
      if (!leased) co_return;
      const Journey journey = co_await self.send_over(*leased->client, "x\r\n");
      EXPECT_EQ(journey.stopped_at, "");
      if (number % 5 == 0)
        self.pool->drop(std::move(*leased), Error{ErrorKind::cancelled, "no more"});
      else
        self.pool->give_back(std::move(*leased));
      ++count;
    }(*this, upstreams, i, done));
  EXPECT_TRUE(turn_until([&] { return done == 60; }));
  EXPECT_EQ(peer.messages().size(), 60U);
  EXPECT_LE(upstreams[0]->connections, 3);
}

TEST_F(PoolWaiting, GetsAConnectionThatAnotherLoopKeepsIdle) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 1);
  // The other loop takes the only connection, and keeps it idle for half a minute.
  Loop other_loop;
  Pool other(other_loop, resolver, offload, *log, metrics);
  std::thread thread([&] { other_loop.run(); });
  CancelSource never;
  const std::vector<std::string> none;
  std::atomic<bool> idle = false;
  other_loop.post([&] {
    spawn([](Pool& in, const Upstreams& of, const std::vector<std::string>& nobody,
             CancelSource& source, std::atomic<bool>& kept) -> Task<void> {
      auto leased = co_await in.lease(of, nobody, false, Deadline::in(10s), source);
      in.give_back(std::move(*leased));
      kept = true;
    }(other, upstreams, none, never, idle));
  });
  ASSERT_TRUE(turn_until([&] { return idle.load(); }));
  const auto leased = lease(upstreams);
  EXPECT_TRUE(leased);
  EXPECT_EQ(peer.connections(), 2U);
  EXPECT_EQ(upstreams[0]->connections, 1);
  other_loop.post([&] {
    other.shut_down();
    spawn([](Pool& in, CancelSource& source, Loop& on) -> Task<void> {
      EXPECT_TRUE(co_await in.wait_quiet(Deadline::in(10s), source));
      on.stop();
    }(other, never, other_loop));
  });
  thread.join();
}

TEST_F(PoolWaiting, ShutDownCancelsEverythingAndBecomesQuiet) {
  ScriptedUpstream peer;
  peer.on("QUIT", {step::hold()});
  const Upstreams upstreams = limited(peer, 3);
  auto idle = lease(upstreams);
  auto leaving = lease(upstreams);
  (void)run(open_transaction(*leaving->client));
  auto held = lease(upstreams);
  pool->give_back(std::move(*idle));
  pool->give_back(std::move(*leaving));  // says QUIT, which is never answered
  peer.on("CONNECT", {step::hold()});
  const auto connecting = ask(upstreams, true);
  const auto waiting = ask(upstreams, true);
  (void)turn_until([&] { return peer.connections() == 4; });
  EXPECT_FALSE(pool->quiet());

  const TimePoint started = Clock::now();
  pool->shut_down();
  CancelSource never;
  EXPECT_TRUE(run(pool->wait_quiet(Deadline::in(10s), never)));
  EXPECT_LT(Clock::now() - started, 1500ms) << "goodbyes are cut short";
  EXPECT_EQ(connecting->result->error().kind, ErrorKind::cancelled);
  EXPECT_EQ(waiting->result->error().kind, ErrorKind::cancelled);
  EXPECT_EQ(lease(upstreams).error().kind, ErrorKind::cancelled);
  pool->give_back(std::move(*held));
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_TRUE(pool->quiet());
  EXPECT_EQ(upstreams[0]->connections, 0);
}

TEST_F(PoolWaiting, SurvivesTheEndOfAPoolWhoseLeasesAreStillOut) {
  ScriptedUpstream peer;
  const Upstreams upstreams = limited(peer, 1);
  auto held = lease(upstreams);
  settle();
  EXPECT_EQ(upstreams[0]->connections, 1);
  held->client.reset();
  held = fail(ErrorKind::cancelled, "destroyed");
  EXPECT_EQ(upstreams[0]->connections, 0);
}

}  // namespace
}  // namespace sekisho::upstream
