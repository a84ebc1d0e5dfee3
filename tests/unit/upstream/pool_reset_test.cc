// Connections that come back with a transaction open, and what their holders are told of the line.
#include <algorithm>
#include <optional>

#include <gmock/gmock.h>

#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
namespace step = test::step;

struct PoolReset : PoolFixture {
  Lease in_transaction(const Upstreams& upstreams) {
    auto leased = lease(upstreams).value();
    EXPECT_TRUE(run(open_transaction(*leased.client)));
    return leased;
  }
};

TEST_F(PoolReset, ResetsATransactionWithoutItsCaller) {
  ScriptedUpstream peer;
  peer.on("RSET", {step::wait(), step::reply("250 ok")});
  const Upstreams upstreams{upstream("a", peer)};
  pool->reset_and_give_back(in_transaction(upstreams));
  EXPECT_FALSE(pool->quiet());
  EXPECT_EQ(pool->idle_connections(), 0U);
  peer.release();
  EXPECT_TRUE(turn_until([&] { return pool->quiet(); }));
  EXPECT_EQ(pool->idle_connections(), 1U);
  EXPECT_EQ(peer.commands().back(), "RSET");
  EXPECT_EQ(use(upstreams), "a");
  EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(PoolReset, KeepsAtOnceWhatNeedsNoReset) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  auto leased = lease(upstreams).value();
  EXPECT_EQ(send(*leased.client).stopped_at, "");
  pool->reset_and_give_back(std::move(leased));
  EXPECT_TRUE(pool->quiet());
  EXPECT_EQ(pool->idle_connections(), 1U);
}

TEST_F(PoolReset, ClosesWhatIsBroken) {
  ScriptedUpstream peer;
  peer.on("RCPT", {step::reply("what?")});
  const Upstreams upstreams{upstream("a", peer)};
  auto leased = lease(upstreams).value();
  EXPECT_FALSE(run(open_transaction(*leased.client)));
  pool->reset_and_give_back(std::move(leased));
  EXPECT_TRUE(turn_until([&] { return pool->quiet() && peer.open_connections() == 0; }));
  EXPECT_EQ(upstreams[0]->connections, 0);
  EXPECT_NE(peer.commands().back(), "RSET");
}

TEST_F(PoolReset, TakesTheBoundOfTheLastHolderOff) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  for (const bool open : {false, true}) {
    auto leased = open ? in_transaction(upstreams) : lease(upstreams).value();
    leased.client->set_bound(Deadline::in(-1ms));
    if (open)
      pool->reset_and_give_back(std::move(leased));
    else
      pool->give_back(std::move(leased));
    EXPECT_TRUE(turn_until([&] { return pool->idle_connections() == 1; }));
    EXPECT_EQ(use(upstreams), "a");
    EXPECT_EQ(peer.connections(), 1U);
  }
}

TEST_F(PoolReset, DropsAConnectionOnWhichRsetFails) {
  const std::vector<std::vector<test::Step>> failures{
      {step::close()}, {step::reply("421 4.3.2 bye"), step::close()}, {step::reply("what?")}};
  for (const auto& failure : failures) {
    ScriptedUpstream peer;
    peer.on("RSET", failure);
    UpstreamSettings settings = settings_for(peer.port());
    settings.breaker_failures = 1;
    const Upstreams upstreams{upstream("a", settings)};
    pool->reset_and_give_back(in_transaction(upstreams));
    EXPECT_TRUE(turn_until([&] { return pool->quiet(); }));
    EXPECT_EQ(pool->idle_connections(), 0U);
    EXPECT_EQ(upstreams[0]->connections, 0);
    EXPECT_TRUE(upstreams[0]->breaker->open()) << "a fresh connection failed";
  }
}

TEST_F(PoolReset, EndsWithThePool) {
  ScriptedUpstream peer;
  peer.on("RSET", {step::hold()});
  UpstreamSettings settings = settings_for(peer.port());
  settings.breaker_failures = 1;
  const Upstreams upstreams{upstream("a", settings)};
  pool->reset_and_give_back(in_transaction(upstreams));
  auto late = in_transaction(upstreams);
  ASSERT_TRUE(
      peer.wait_until([](const auto& u) { return std::ranges::count(u.commands(), "RSET") == 1; }));
  pool->shut_down();
  CancelSource never;
  EXPECT_TRUE(run(pool->wait_quiet(Deadline::in(3s), never)));
  pool->reset_and_give_back(std::move(late));
  EXPECT_TRUE(run(pool->wait_quiet(Deadline::in(3s), never)));
  EXPECT_EQ(upstreams[0]->connections, 0);
  EXPECT_FALSE(upstreams[0]->breaker->open()) << "we ended it ourselves";
}

TEST_F(PoolReset, HandsTheConnectionToWhoWaits) {
  ScriptedUpstream peer;
  peer.on("RSET", {step::wait(), step::reply("250 ok")});
  UpstreamSettings settings = settings_for(peer.port());
  settings.max_connections = 1;
  const Upstreams upstreams{upstream("a", settings)};
  auto held = in_transaction(upstreams);
  EXPECT_FALSE(pool->crowded());
  std::optional<Result<Lease>> got;
  spawn([](PoolReset& self, const Upstreams& of, std::optional<Result<Lease>>& out) -> Task<void> {
    out = co_await self.take(of);
  }(*this, upstreams, got));
  EXPECT_TRUE(pool->crowded());
  pool->reset_and_give_back(std::move(held));
  EXPECT_TRUE(pool->crowded()) << "RSET is still under way";
  peer.release();
  ASSERT_TRUE(turn_until([&] { return got.has_value(); }));
  EXPECT_FALSE(pool->crowded());
  ASSERT_TRUE(got->has_value());
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_EQ(send(*(*got)->client).stopped_at, "");
}

}  // namespace
}  // namespace sekisho::upstream
