// Which connection a lease gets, and what becomes of it afterwards.
#include "gateway/upstream/pool.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace step = test::step;

struct PoolTest : PoolFixture {};

TEST_F(PoolTest, UsesAConnectionAgain) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  auto first = lease(upstreams);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->fresh);
  pool->give_back(std::move(*first));
  EXPECT_EQ(pool->idle_connections(), 1U);
  auto second = lease(upstreams);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->fresh);
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_EQ(counted("upstream_connections_opened_total", "a"), 1);
}

TEST_F(PoolTest, GivesOutTheNewestIdleConnectionFirst) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  auto first = lease(upstreams);
  auto second = lease(upstreams);
  SmtpClient* const newest = first->client.get();
  pool->give_back(std::move(*second));
  pool->give_back(std::move(*first));
  EXPECT_EQ(lease(upstreams)->client.get(), newest);
}

TEST_F(PoolTest, OpensAnewWhenTheIdleOnesAreNotTrusted) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  EXPECT_EQ(use(upstreams), "a");
  auto leased = lease(upstreams, {}, true);
  ASSERT_TRUE(leased);
  EXPECT_TRUE(leased->fresh);
  EXPECT_EQ(peer.connections(), 2U);
}

TEST_F(PoolTest, SkipsIdleConnectionsThatThePeerClosed) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(use(upstreams), "a");
    peer.stop();
    peer.start();
  }
  auto leased = lease(upstreams);
  ASSERT_TRUE(leased);
  EXPECT_TRUE(leased->fresh);
  EXPECT_EQ(peer.connections(), 4U);
}

TEST_F(PoolTest, DoesNotPoolWhatIsNotReusable) {
  ScriptedUpstream peer;
  peer.on("MAIL", {step::reply("hello")}, 1);
  const Upstreams upstreams{upstream("a", peer)};
  auto broken = lease(upstreams);
  EXPECT_EQ(send(*broken->client).stopped_at, "MAIL");
  pool->give_back(std::move(*broken));
  auto open = lease(upstreams);
  (void)run(open_transaction(*open->client));
  pool->give_back(std::move(*open));
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_TRUE(turn_until([&] { return pool->quiet() && peer.open_connections() == 0; }));
  EXPECT_EQ(upstreams[0]->connections, 0);
}

TEST_F(PoolTest, ClosesAConnectionAfterItsMessages) {
  ScriptedUpstream peer;
  UpstreamSettings settings = settings_for(peer.port());
  settings.max_messages = 2;
  const Upstreams upstreams{upstream("a", settings)};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(use(upstreams), "a");
  EXPECT_EQ(peer.connections(), 2U);
  EXPECT_TRUE(turn_until([&] { return peer.open_connections() == 0; }));
  EXPECT_EQ(peer.commands().back(), "QUIT");
}

TEST_F(PoolTest, ClosesAConnectionAtItsAgeWithQuit) {
  ScriptedUpstream peer;
  UpstreamSettings settings = settings_for(peer.port());
  settings.max_age = 50ms;
  const Upstreams upstreams{upstream("a", settings)};
  EXPECT_EQ(use(upstreams), "a");
  EXPECT_TRUE(turn_until([&] { return peer.open_connections() == 0; }));
  EXPECT_EQ(peer.commands().back(), "QUIT");
  EXPECT_TRUE(turn_until([&] { return pool->quiet(); }));

  auto busy = lease(upstreams);
  const TimePoint old = Clock::now() + 60ms;
  EXPECT_TRUE(turn_until([&] { return Clock::now() > old; }));
  EXPECT_EQ(send(*busy->client).stopped_at, "") << "a message is never cut by it";
  pool->give_back(std::move(*busy));
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_TRUE(turn_until([&] { return peer.open_connections() == 0; }));
}

TEST_F(PoolTest, DoesNotLetAnybodyWaitForTheEndOfAnOldConnection) {
  ScriptedUpstream peer;
  peer.on("QUIT", {step::hold()});
  UpstreamSettings settings = settings_for(peer.port());
  settings.max_messages = 1;
  const Upstreams upstreams{upstream("a", settings)};
  const TimePoint begin = Clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(use(upstreams), "a");
  EXPECT_LT(Clock::now() - begin, 1s);  // each QUIT waits for 2 s
  EXPECT_EQ(peer.connections(), 10U);
}

TEST_F(PoolTest, ClosesAnIdleConnectionWithQuitInItsTime) {
  ScriptedUpstream peer;
  UpstreamSettings settings = settings_for(peer.port());
  settings.idle = 30ms;
  const Upstreams upstreams{upstream("a", settings)};
  EXPECT_EQ(use(upstreams), "a");
  EXPECT_TRUE(turn_until([&] { return peer.open_connections() == 0; }));
  EXPECT_EQ(peer.commands().back(), "QUIT");
  EXPECT_TRUE(turn_until([&] { return pool->quiet(); }));
  EXPECT_EQ(pool->idle_connections(), 0U);
  EXPECT_EQ(upstreams[0]->connections, 0);
}

TEST_F(PoolTest, LetsGoOfIdleConnectionsThatThePeerClosed) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  EXPECT_EQ(use(upstreams), "a");
  peer.stop();
  EXPECT_TRUE(turn_until([&] { return pool->idle_connections() == 0; }));
}

TEST_F(PoolTest, LetsEqualUpstreamsTakeTurns) {
  ScriptedUpstream one, two;
  const Upstreams upstreams{upstream("a", one), upstream("b", two)};
  std::vector<std::string> used;
  for (int i = 0; i < 6; ++i) used.push_back(use(upstreams));
  EXPECT_THAT(used, ElementsAre("a", "b", "a", "b", "a", "b"));
  EXPECT_EQ(one.connections(), 1U);
  EXPECT_EQ(two.connections(), 1U);
}

TEST_F(PoolTest, GivesTheShareOfItsWeightToEachOfEqualPriority) {
  ScriptedUpstream light, heavy;
  UpstreamSettings three = settings_for(heavy.port());
  three.weight = 3;
  const Upstreams upstreams{upstream("heavy", three), upstream("light", light)};
  std::vector<std::string> used;
  for (int i = 0; i < 40; ++i) used.push_back(use(upstreams));
  EXPECT_EQ(std::ranges::count(used, "heavy"), 30);
}

TEST_F(PoolTest, OneThatIsNewHasNoArrearsToMakeUpFor) {
  ScriptedUpstream one, two;
  const Upstreams before{upstream("b", one)};
  for (int i = 0; i < 20; ++i) use(before);
  const Upstreams upstreams{upstream("a", two), before.front()};
  std::vector<std::string> used;
  for (int i = 0; i < 12; ++i) used.push_back(use(upstreams));
  EXPECT_LE(std::ranges::count(used, "a"), 7);
}

TEST_F(PoolTest, UsesTheBetterPriorityAlone) {
  ScriptedUpstream backup, primary;
  const Upstreams upstreams{upstream("backup", backup, 20), upstream("primary", primary, 10)};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(use(upstreams), "primary");
  EXPECT_EQ(backup.connections(), 0U);
}

TEST_F(PoolTest, FallsBackToTheNextPriorityAndReturns) {
  ScriptedUpstream backup, primary;
  UpstreamSettings settings = settings_for(primary.port());
  settings.priority = 1;
  settings.breaker_failures = 2;
  settings.breaker_pause = 50ms;
  const Upstreams upstreams{upstream("primary", settings), upstream("backup", backup, 2)};
  EXPECT_EQ(use(upstreams), "primary");
  primary.stop();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(use(upstreams), "backup");
  EXPECT_EQ(lines("upstream_down"), 1U);
  EXPECT_EQ(breaker_gauge("primary"), 1);
  primary.start();
  EXPECT_TRUE(turn_until([now = Clock::now()] { return Clock::now() > now + 60ms; }));
  EXPECT_EQ(use(upstreams), "primary");
  EXPECT_EQ(lines("upstream_up"), 1U);
  EXPECT_EQ(breaker_gauge("primary"), 0);
}

TEST_F(PoolTest, FallsBackWhereTheGreetingOrEhloIsRefused) {
  for (const std::string_view point : {"CONNECT", "EHLO"}) {
    ScriptedUpstream bad, good;
    bad.on(point, {step::reply("421 4.3.2 not now"), step::close()});
    const Upstreams upstreams{upstream("bad", bad, 1), upstream("good", good, 2)};
    EXPECT_EQ(use(upstreams), "good") << point;
    EXPECT_EQ(bad.connections(), 1U) << point;
    settle();
    pool = std::make_unique<Pool>(loop, resolver, offload, *log, metrics);
  }
}

TEST_F(PoolTest, PassesOverTheUpstreamsThatItIsTold) {
  ScriptedUpstream one, two;
  const Upstreams upstreams{upstream("a", one, 1), upstream("b", two, 2)};
  EXPECT_EQ(lease(upstreams, {"a"})->upstream->name, "b");
  EXPECT_EQ(lease(upstreams, {"b"})->upstream->name, "a");
  const auto none = lease(upstreams, {"b", "a"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(lease({}).error().kind, ErrorKind::unavailable);
}

TEST_F(PoolTest, ReportsTheLastReasonWhenNoneIsLeft) {
  ScriptedUpstream one, two;
  one.on("CONNECT", {step::reply("554 5.3.2 first reason")});
  two.on("CONNECT", {step::reply("554 5.3.2 last reason")});
  const auto none = lease({upstream("a", one, 1), upstream("b", two, 2)});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(none.error().text, HasSubstr("b: "));
  EXPECT_THAT(none.error().text, HasSubstr("last reason"));
}

TEST_F(PoolTest, LeavesAFailingUpstreamAloneUntilItsPauseIsOver) {
  ScriptedUpstream peer;
  peer.on("CONNECT", {step::close()});
  UpstreamSettings settings = settings_for(peer.port());
  settings.breaker_failures = 3;
  settings.breaker_pause = 200ms;
  const Upstreams upstreams{upstream("a", settings)};
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(lease(upstreams));
  EXPECT_EQ(peer.connections(), 3U);
  EXPECT_EQ(counted("upstream_connect_failures_total", "a"), 3);
  EXPECT_THAT(lease(upstreams).error().text, HasSubstr("left alone"));
  EXPECT_TRUE(turn_until([now = Clock::now()] { return Clock::now() > now + 210ms; }));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(lease(upstreams));
  EXPECT_EQ(peer.connections(), 4U) << "one probe";
  EXPECT_EQ(lines("upstream_down"), 1U);
}

TEST_F(PoolTest, DoesNotBlameAnUpstreamForTheImpatienceOfALease) {
  ScriptedUpstream peer;
  peer.on("CONNECT", {step::hold()}, 1);
  UpstreamSettings settings = settings_for(peer.port());
  settings.breaker_failures = 1;
  const Upstreams upstreams{upstream("a", settings)};
  EXPECT_FALSE(lease(upstreams, {}, false, Deadline::in(20ms)));
  EXPECT_EQ(use(upstreams), "a");
}

TEST_F(PoolTest, CountsBrokenFreshConnectionsAgainstTheUpstream) {
  struct Case {
    ErrorKind kind;
    bool fresh;
    bool counts;
  };
  const std::vector<Case> cases{
      {ErrorKind::closed, true, true},     {ErrorKind::timeout, true, true},
      {ErrorKind::protocol, true, true},   {ErrorKind::io, true, true},
      {ErrorKind::cancelled, true, false}, {ErrorKind::unavailable, true, false},
      {ErrorKind::invalid, true, false},   {ErrorKind::limit, true, false},
      {ErrorKind::closed, false, false},
  };
  for (const Case& one : cases) {
    ScriptedUpstream peer;
    UpstreamSettings settings = settings_for(peer.port());
    settings.breaker_failures = 1;
    const Upstreams upstreams{upstream("a", settings)};
    if (!one.fresh) EXPECT_EQ(use(upstreams), "a");
    auto leased = lease(upstreams);
    EXPECT_EQ(leased->fresh, one.fresh);
    pool->drop(std::move(*leased), Error{one.kind, "it broke"});
    EXPECT_EQ(upstreams[0]->breaker->open(), one.counts) << to_string(one.kind);
    EXPECT_EQ(upstreams[0]->connections, 0);
  }
}

TEST_F(PoolTest, OpensTheBreakerOfAnUpstreamThatOnlyGreetsWell) {
  ScriptedUpstream peer;
  peer.on("MAIL", {step::close()});
  UpstreamSettings settings = settings_for(peer.port());
  settings.breaker_failures = 3;
  const Upstreams upstreams{upstream("a", settings)};
  for (int i = 0; i < 3; ++i) {
    auto leased = lease(upstreams);
    ASSERT_TRUE(leased);
    const Journey journey = send(*leased->client);
    pool->drop(std::move(*leased), journey.error);
  }
  EXPECT_TRUE(upstreams[0]->breaker->open());
  EXPECT_EQ(lines("upstream_down"), 1U);
}

TEST_F(PoolTest, LetsConnectionsThroughAfterAGoodProbeButForgetsNoFailure) {
  ScriptedUpstream peer;
  peer.on("MAIL", {step::close()}, 4);
  UpstreamSettings settings = settings_for(peer.port());
  settings.breaker_failures = 3;
  settings.breaker_pause = 50ms;
  const Upstreams upstreams{upstream("a", settings)};
  const auto fail_one = [&] {
    auto leased = lease(upstreams);
    ASSERT_TRUE(leased) << leased.error().text;
    const Journey journey = send(*leased->client);
    pool->drop(std::move(*leased), journey.error);
  };
  const auto pause = [&] {
    EXPECT_TRUE(turn_until([now = Clock::now()] { return Clock::now() > now + 60ms; }));
  };
  for (int i = 0; i < 3; ++i) fail_one();
  EXPECT_TRUE(upstreams[0]->breaker->open());
  pause();
  auto probe = lease(upstreams);
  auto second = lease(upstreams);
  ASSERT_TRUE(probe && second) << "the probe said EHLO: others may connect";
  EXPECT_EQ(breaker_gauge("a"), 0);
  pool->drop(std::move(*second), Error{ErrorKind::cancelled, "not needed"});
  EXPECT_EQ(lines("upstream_up"), 0U);
  const Journey journey = send(*probe->client);
  pool->drop(std::move(*probe), journey.error);
  EXPECT_TRUE(upstreams[0]->breaker->open()) << "one more of the same row";
  EXPECT_EQ(breaker_gauge("a"), 1);
  EXPECT_EQ(lines("upstream_down"), 1U) << "it was never well in between";
  pause();
  EXPECT_EQ(use(upstreams), "a");
  EXPECT_EQ(lines("upstream_up"), 1U);
}

TEST_F(PoolTest, TakesABrokenConnectionThatIsGivenBackForNoSuccess) {
  ScriptedUpstream peer;
  peer.on("MAIL", {step::reply("what?")}, 1);
  UpstreamSettings settings = settings_for(peer.port());
  settings.breaker_failures = 2;
  const Upstreams upstreams{upstream("a", settings)};
  auto first = lease(upstreams);
  pool->drop(std::move(*first), Error{ErrorKind::closed, "it broke"});
  auto second = lease(upstreams);
  EXPECT_EQ(send(*second->client).stopped_at, "MAIL");
  pool->give_back(std::move(*second));
  auto third = lease(upstreams);
  pool->drop(std::move(*third), Error{ErrorKind::closed, "it broke"});
  EXPECT_TRUE(upstreams[0]->breaker->open());
}

TEST_F(PoolTest, DoesNotBlameAnUpstreamWhenTheProcessIsOutOfDescriptors) {
  ScriptedUpstream peer;
  UpstreamSettings settings = settings_for(peer.port());
  settings.breaker_failures = 1;
  const Upstreams upstreams{upstream("a", settings)};
  EXPECT_EQ(use(upstreams), "a");  // and whatever a sanitizer opens at the first time is open
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = lease(upstreams, {}, true);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("Too many open files"));
  EXPECT_FALSE(upstreams[0]->breaker->open());
  EXPECT_EQ(counted("upstream_connect_failures_total", "a"), 0);
  EXPECT_EQ(use(upstreams), "a");
}

TEST_F(PoolTest, SaysTheNameThatWeHaveNow) {
  ScriptedUpstream peer;
  const UpstreamSettings settings = settings_for(peer.port());
  Upstreams upstreams{Upstream::make("a", settings, "old.example").value()};
  EXPECT_EQ(use(upstreams), "a");
  EXPECT_EQ(peer.commands().at(0), "EHLO old.example");
  upstreams = {Upstream::make("a", settings, "new.example", upstreams).value()};
  auto leased = lease(upstreams);
  EXPECT_EQ(peer.commands().back(), "EHLO new.example");
}

TEST_F(PoolTest, SaysOnceThatAConnectionIsInPlain) {
  ScriptedUpstream peer({.extensions = {"STARTTLS"}});
  UpstreamSettings settings = settings_for(peer.port());
  settings.tls = TlsMode::opportunistic;
  const Upstreams upstreams{upstream("a", settings)};
  auto first = lease(upstreams);
  auto second = lease(upstreams);
  ASSERT_TRUE(second);
  EXPECT_EQ(lines("upstream_in_plain"), 1U);
  EXPECT_EQ(lines("no TLS here"), 1U);
}

TEST_F(PoolTest, ClosesADestroyedLeaseAndFreesItsPlace) {
  ScriptedUpstream peer;
  const Upstreams upstreams{upstream("a", peer)};
  {
    auto leased = lease(upstreams);
    EXPECT_EQ(upstreams[0]->connections, 1);
  }
  EXPECT_EQ(upstreams[0]->connections, 0);
  EXPECT_TRUE(peer.wait_until([](const auto& u) { return u.open_connections() == 0; }));
}

TEST_F(PoolTest, ForgetsAnUpstreamThatLeftTheConfiguration) {
  ScriptedUpstream peer;
  UpstreamSettings settings = settings_for(peer.port());
  settings.idle = 20ms;
  Upstreams upstreams{upstream("a", settings)};
  const std::weak_ptr<Upstream> watched = upstreams[0];
  EXPECT_EQ(use(upstreams), "a");
  upstreams.clear();
  EXPECT_TRUE(turn_until([&] { return watched.expired(); }));
}

}  // namespace
}  // namespace sekisho::upstream
