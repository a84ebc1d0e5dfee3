// The checks that a pool makes of the upstreams that carry no mail.
#include "gateway/upstream/checks.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace step = test::step;

struct ChecksTest : PoolFixture {
  static UpstreamSettings often(const ScriptedUpstream& peer) {
    UpstreamSettings made = settings_for(peer.port());
    made.health_check = 20ms;
    made.health_timeout = 5s;
    made.breaker_pause = 20ms;
    return made;
  }
  double check_gauge(const std::string& name) {
    return metrics.gauge("upstream_check_ok", "", {{"upstream", name}}).value();
  }
  bool down(const Upstreams& upstreams) {
    return turn_until([&] { return upstreams[0]->breaker->open(); });
  }
  bool up(const Upstreams& upstreams) {
    return turn_until([&] { return !upstreams[0]->breaker->open(); });
  }
};

TEST_F(ChecksTest, LearnWhatEhloMayOfferBeforeTheFirstClientComes) {
  ScriptedUpstream peer({.extensions = {"SMTPUTF8", "DSN"}});
  UpstreamSettings once = often(peer);
  once.health_check = 1h;
  const Upstreams upstreams{upstream("a", once)};
  EXPECT_FALSE(offer_of(upstreams).smtp_utf8);
  pool->watch(upstreams);
  EXPECT_TRUE(turn_until([&] { return upstreams[0]->last_hello.offer().has_value(); }));
  EXPECT_TRUE(offer_of(upstreams).smtp_utf8);
  EXPECT_TRUE(offer_of(upstreams).dsn);
  EXPECT_FALSE(offer_of(upstreams).eight_bit_mime);
  EXPECT_TRUE(turn_until([&] { return peer.open_connections() == 0 && pool->quiet(); }));
  EXPECT_THAT(peer.commands(), ElementsAre("EHLO gateway.test", "QUIT"));
  EXPECT_EQ(check_gauge("a"), 1);
  EXPECT_EQ(upstreams[0]->connections, 0);
}

TEST_F(ChecksTest, FollowAnUpstreamThatChangesItsOffer) {
  ScriptedUpstream peer({.extensions = {"SMTPUTF8"}});
  peer.on("EHLO", {step::reply("250-peer\r\n250 DSN")}, 1);
  const Upstreams upstreams{upstream("a", often(peer))};
  pool->watch(upstreams);
  EXPECT_TRUE(turn_until([&] { return offer_of(upstreams).dsn; }));
  EXPECT_TRUE(turn_until([&] { return offer_of(upstreams).smtp_utf8; }));
}

TEST_F(ChecksTest, FindAFrozenUpstreamBeforeAClientDoes) {
  ScriptedUpstream peer;
  peer.on("CONNECT", {step::hold()});
  UpstreamSettings frozen = often(peer);
  frozen.health_timeout = 30ms;
  frozen.greeting_timeout = 10s;
  const Upstreams upstreams{upstream("a", frozen)};
  pool->watch(upstreams);
  EXPECT_TRUE(down(upstreams));
  EXPECT_EQ(lines("upstream_down"), 1U);
  EXPECT_EQ(breaker_gauge("a"), 1);
  EXPECT_EQ(check_gauge("a"), 0);
  const TimePoint begin = Clock::now();
  EXPECT_THAT(lease(upstreams).error().text, HasSubstr("left alone"));
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(ChecksTest, LetNoClientFindOutWhileTheyAsk) {
  ScriptedUpstream peer;
  peer.on("CONNECT", {step::hold()});
  UpstreamSettings frozen = often(peer);
  frozen.health_timeout = 40ms;
  frozen.breaker_pause = 1ms;
  const Upstreams upstreams{upstream("a", frozen)};
  pool->watch(upstreams);
  ASSERT_TRUE(down(upstreams));
  const TimePoint begin = Clock::now();
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(lease(upstreams).error().text, HasSubstr("left alone"));
    const TimePoint later = Clock::now() + 4ms;
    EXPECT_TRUE(turn_until([&] { return Clock::now() > later; }));
  }
  EXPECT_LT(Clock::now() - begin, 9s);  // a client would wait 10 s for the greeting
}

TEST_F(ChecksTest, SayThatAnUpstreamIsUpAgainAfterGoodAnswersInARow) {
  ScriptedUpstream peer;
  peer.stop();
  UpstreamSettings wanted = often(peer);
  wanted.health_successes = 3;
  const Upstreams upstreams{upstream("a", wanted)};
  pool->watch(upstreams);
  ASSERT_TRUE(down(upstreams));
  peer.start();
  ASSERT_TRUE(up(upstreams));
  EXPECT_GE(peer.connections(), 3U);
  EXPECT_EQ(lines("upstream_up"), 1U);
  EXPECT_EQ(breaker_gauge("a"), 0);
  EXPECT_EQ(check_gauge("a"), 1);
  EXPECT_EQ(use(upstreams), "a");
}

TEST_F(ChecksTest, TakeAGreetingForNoCureOfOneThatFailsAtItsWork) {
  ScriptedUpstream peer;
  peer.on("MAIL", {step::close()});
  UpstreamSettings wanted = often(peer);
  wanted.breaker_failures = 1;
  const Upstreams upstreams{upstream("a", wanted)};
  auto leased = lease(upstreams);
  const Journey journey = send(*leased->client);
  pool->drop(std::move(*leased), journey.error);
  ASSERT_TRUE(upstreams[0]->breaker->open());
  pool->watch(upstreams);
  ASSERT_TRUE(up(upstreams));
  EXPECT_EQ(lines("upstream_up"), 0U) << "that shows with the next message";
}

TEST_F(ChecksTest, LeaveAnUpstreamAloneThatCarriesMail) {
  ScriptedUpstream peer;
  UpstreamSettings wanted = settings_for(peer.port());
  wanted.health_check = 10s;
  const Upstreams upstreams{upstream("a", wanted)};
  EXPECT_EQ(use(upstreams), "a");
  pool->watch(upstreams);
  const TimePoint later = Clock::now() + 50ms;
  EXPECT_TRUE(turn_until([&] { return Clock::now() > later; }));
  EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(ChecksTest, MakeNoConnectionBeyondTheLimit) {
  ScriptedUpstream peer;
  UpstreamSettings wanted = often(peer);
  wanted.max_connections = 1;
  const Upstreams upstreams{upstream("a", wanted)};
  auto only = lease(upstreams);
  pool->watch(upstreams);
  const TimePoint later = Clock::now() + 100ms;
  EXPECT_TRUE(turn_until([&] { return Clock::now() > later; }));
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_FALSE(upstreams[0]->breaker->open());
}

TEST_F(ChecksTest, UseNoIdleConnectionOfAnUpstreamThatTheyFoundDown) {
  ScriptedUpstream peer;
  UpstreamSettings wanted = often(peer);
  wanted.health_timeout = 30ms;
  const Upstreams upstreams{upstream("a", wanted)};
  EXPECT_EQ(use(upstreams), "a");
  peer.on("CONNECT", {step::hold()});
  pool->watch(upstreams);
  ASSERT_TRUE(down(upstreams));
  EXPECT_THAT(lease(upstreams).error().text, HasSubstr("left alone"));
}

TEST_F(ChecksTest, OfTwoLoopsAreMadeByOne) {
  ScriptedUpstream peer;
  UpstreamSettings once = often(peer);
  once.health_check = 1h;
  const Upstreams upstreams{upstream("a", once)};
  Pool other(loop, resolver, offload, *log, metrics);
  pool->watch(upstreams);
  other.watch(upstreams);
  EXPECT_TRUE(turn_until([&] { return check_gauge("a") == 1; }));
  EXPECT_TRUE(turn_until([&] { return pool->quiet() && other.quiet(); }));
  EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(ChecksTest, AskOneWhoseLoginIsRefusedWithoutShowingTheSecretAgain) {
  const test::TempDir folder;
  ScriptedUpstream peer({.extensions = {"AUTH PLAIN"}});
  peer.on("AUTH", {step::reply("535 5.7.8 no")});
  UpstreamSettings wanted = often(peer);
  wanted.login.user = "gateway";
  wanted.login.secret_file = folder.write("secret", "pencil\n");
  wanted.login.in_clear = true;
  const Upstreams upstreams{upstream("a", wanted)};
  pool->watch(upstreams);
  ASSERT_TRUE(down(upstreams));
  EXPECT_TRUE(turn_until([&] { return peer.connections() > 3; }));
  EXPECT_EQ(std::ranges::count_if(peer.commands(),
                                  [](const auto& line) { return line.starts_with("AUTH"); }),
            1);
  EXPECT_EQ(lines("upstream_login_refused"), 1U);
}

TEST_F(ChecksTest, EndWithTheirPool) {
  ScriptedUpstream peer;
  peer.on("CONNECT", {step::hold()});
  UpstreamSettings frozen = often(peer);
  frozen.health_timeout = 10s;
  const Upstreams upstreams{upstream("a", frozen)};
  pool->watch(upstreams);
  EXPECT_TRUE(turn_until([&] { return peer.connections() == 1; }));
  const TimePoint begin = Clock::now();
  settle();
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(upstreams[0]->connections, 0);
}

}  // namespace
}  // namespace sekisho::upstream
