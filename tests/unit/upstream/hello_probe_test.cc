// Each upstream is asked for its EHLO until it has answered once, and mail doesn't notice.
#include "gateway/upstream/hello_probe.h"

#include <gmock/gmock.h>

#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace step = test::step;

struct HelloProbeTest : UpstreamFixture {
  std::unique_ptr<Log> log = Log::in_memory();
  HelloProbe probe{loop, resolver, offload, *log, 20ms};

  ~HelloProbeTest() override { run(probe.stop()); }

  static std::shared_ptr<Upstream> upstream_at(const ScriptedUpstream& server) {
    return Upstream::make("mta", settings_for(server.port()), "gateway.test").value();
  }
  Task<void> until(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000 && !condition(); ++i)
      (void)co_await loop.sleep_until(Deadline::in(10ms), cancel);
    EXPECT_TRUE(condition());
  }
};

TEST_F(HelloProbeTest, AsksOnceAndSaysGoodbye) {
  ScriptedUpstream server({.extensions = {"8BITMIME", "DSN"}});
  const auto upstream = upstream_at(server);
  probe.ask({upstream});
  run(until([&] { return server.commands().size() == 2; }));
  ASSERT_TRUE(upstream->last_hello.offer());
  EXPECT_TRUE(upstream->last_hello.offer()->dsn);
  EXPECT_THAT(server.commands(), ElementsAre("EHLO gateway.test", "QUIT"));
  run(until([&] { return upstream->connections == 0; }));
  probe.ask({upstream});  // as after a reload that kept it
  run(probe.stop());
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HelloProbeTest, AsksAgainUntilThereIsAnAnswerAndSaysOnceThatThereIsNone) {
  ScriptedUpstream server({.extensions = {"DSN"}});
  server.on("CONNECT", {step::reply("554 5.3.2 not now"), step::close()}, 3);
  const auto upstream = upstream_at(server);
  probe.ask({upstream});
  run(until([&] { return upstream->last_hello.offer().has_value(); }));
  EXPECT_EQ(server.connections(), 4U);
  EXPECT_FALSE(upstream->breaker->open());
  EXPECT_THAT(log->kept(), ElementsAre(HasSubstr("upstream_unknown")));
}

TEST_F(HelloProbeTest, AsksNobodyWhoIsNotConfiguredAnyMore) {
  ScriptedUpstream server;
  server.on("CONNECT", {step::close()});
  const auto upstream = upstream_at(server);
  probe.ask({upstream});
  run(until([&] { return server.connections() == 1; }));
  probe.ask({});
  run(probe.stop());
  EXPECT_LE(server.connections(), 2U);
  EXPECT_FALSE(upstream->last_hello.offer());
}

TEST_F(HelloProbeTest, EndsWhileAnUpstreamIsSilent) {
  ScriptedUpstream server;
  server.on("CONNECT", {step::hold()});
  const auto upstream = upstream_at(server);
  probe.ask({upstream});
  run(until([&] { return server.connections() == 1; }));
  run(probe.stop());
  EXPECT_EQ(upstream->connections, 0);
}

TEST_F(HelloProbeTest, TakesNoConnectionMoreThanTheUpstreamAllows) {
  ScriptedUpstream server;
  const auto upstream = upstream_at(server);
  upstream->connections = upstream->settings.max_connections;
  probe.ask({upstream});
  run(probe.stop());
  EXPECT_EQ(server.connections(), 0U);
}

}  // namespace
}  // namespace sekisho::upstream
