// AUTH towards an upstream: which mechanism, what is said, and what is never said in the clear.
#include "gateway/upstream/login.h"

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>

#include "gateway/base/text.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace step = test::step;
using namespace std::string_literals;

struct LoginTest : PoolFixture {
  test::TempDir folder;

  static ScriptedUpstream::Options offering(const std::string& mechanisms) {
    return {.extensions = {"PIPELINING", "AUTH " + mechanisms}};
  }
  // In the clear: what is said can be looked at.
  UpstreamSettings settings(const ScriptedUpstream& peer) {
    UpstreamSettings made = settings_for(peer.port());
    made.login.user = "gateway";
    made.login.secret_file = folder.write("secret", "pencil\n");
    made.login.in_clear = true;
    return made;
  }
};

TEST_F(LoginTest, LogsInByPlainBeforeTheFirstMessage) {
  ScriptedUpstream peer(offering("LOGIN PLAIN"));
  peer.on("AUTH", {step::reply("235 2.7.0 welcome")});
  EXPECT_EQ(deliver(settings(peer)).stopped_at, "");
  EXPECT_EQ(peer.commands().at(1), "AUTH PLAIN " + base64_encode("\0gateway\0pencil"s));
  EXPECT_THAT(peer.commands().at(2), StartsWith("MAIL"));
}

TEST_F(LoginTest, LogsInByLoginWhereNothingElseIsOffered) {
  ScriptedUpstream peer(offering("LOGIN"));
  peer.on("AUTH", {step::reply("334 VXNlcm5hbWU6")});
  peer.on("*", {step::reply("334 UGFzc3dvcmQ6")}, 1);
  peer.on("*", {step::reply("235 2.7.0 welcome")}, 1);
  EXPECT_EQ(deliver(settings(peer)).stopped_at, "");
  EXPECT_EQ(peer.commands().at(1), "AUTH LOGIN");
  EXPECT_EQ(peer.commands().at(2), base64_encode("gateway"));
  EXPECT_EQ(peer.commands().at(3), base64_encode("pencil"));
}

TEST_F(LoginTest, PrefersScramAndDoesNotBelieveAServerThatSkipsItsProof) {
  ScriptedUpstream peer(offering("PLAIN LOGIN SCRAM-SHA-256"));
  peer.on("AUTH", {step::reply("235 2.7.0 welcome")});
  const Journey journey = deliver(settings(peer));
  EXPECT_EQ(journey.stopped_at, "connect");
  EXPECT_THAT(journey.words, HasSubstr("proved"));
  EXPECT_THAT(peer.commands().at(1), StartsWith("AUTH SCRAM-SHA-256 "));
  EXPECT_THAT(peer.commands(), Each(Not(StartsWith("MAIL"))));
}

TEST_F(LoginTest, SendsALongTokenOnlyWhenItIsAskedFor) {
  ScriptedUpstream peer(offering("XOAUTH2 PLAIN"));
  peer.on("AUTH", {step::reply("334 ")});
  peer.on("*", {step::reply("235 2.7.0 welcome")});
  UpstreamSettings wanted = settings(peer);
  const std::string token(1500, 'x');
  wanted.login.mechanism = LoginMechanism::xoauth2;
  wanted.login.secret_file = folder.write("token", token);
  EXPECT_EQ(deliver(wanted).stopped_at, "");
  EXPECT_EQ(peer.commands().at(1), "AUTH XOAUTH2");
  EXPECT_EQ(peer.commands().at(2), base64_encode("user=gateway\1auth=Bearer " + token + "\1\1"));
}

TEST_F(LoginTest, AnswersTheExplanationOfATokenRefusalWithAnEmptyLine) {
  ScriptedUpstream peer(offering("XOAUTH2"));
  peer.on("AUTH", {step::reply("334 eyJzdGF0dXMiOiI0MDEifQ==")});
  peer.on("*", {step::reply("535 5.7.8 no")});
  UpstreamSettings wanted = settings(peer);
  wanted.login.mechanism = LoginMechanism::xoauth2;
  const Journey journey = deliver(wanted);
  EXPECT_EQ(journey.stopped_at, "connect");
  EXPECT_THAT(journey.words, HasSubstr("535 5.7.8 no"));
  EXPECT_EQ(peer.commands().at(2), "");
}

TEST_F(LoginTest, ReadsTheSecretAnewForEachConnection) {
  ScriptedUpstream peer(offering("PLAIN"));
  peer.on("AUTH", {step::reply("535 5.7.8 no")}, 1);
  peer.on("AUTH", {step::reply("235 2.7.0 welcome")});
  const UpstreamSettings wanted = settings(peer);
  EXPECT_EQ(deliver(wanted).stopped_at, "connect");
  (void)folder.write("secret", "changed");
  EXPECT_EQ(deliver(wanted).stopped_at, "");
  EXPECT_THAT(peer.commands(), Contains("AUTH PLAIN " + base64_encode("\0gateway\0changed"s)));
}

// What an account that locks after a few failures must not suffer from.
struct RefusedLoginTest : LoginTest {
  RefusedLoginTest() { peer.on("AUTH", {step::reply("535 5.7.8 no")}); }

  [[nodiscard]] std::ptrdiff_t attempts() const {
    return std::ranges::count_if(peer.commands(),
                                 [](const auto& line) { return line.starts_with("AUTH"); });
  }
  // The breaker lets one through all the time: only the memory is in its way.
  UpstreamSettings impatient() {
    UpstreamSettings made = settings(peer);
    made.breaker_pause = 1ms;
    return made;
  }
  void try_five_times(const Upstreams& upstreams) {
    for (int i = 0; i < 5; ++i) {
      EXPECT_FALSE(lease(upstreams));
      const TimePoint pause_over = Clock::now() + 3ms;
      EXPECT_TRUE(turn_until([&] { return Clock::now() > pause_over; }));
    }
  }
  ScriptedUpstream peer{offering("PLAIN")};
};

TEST_F(RefusedLoginTest, OpensTheBreakerAtOnceAndSaysThatTheCredentialsWereRefused) {
  const Upstreams upstreams{upstream("a", settings(peer))};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(lease(upstreams));
  EXPECT_TRUE(upstreams[0]->breaker->open());
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_EQ(attempts(), 1);
  EXPECT_EQ(lines("upstream_login_refused"), 1U);
  EXPECT_EQ(lines("535 5.7.8 no"), 2U) << "there, and in upstream_down";
  EXPECT_EQ(lines("pencil"), 0U);
}

TEST_F(RefusedLoginTest, DoesNotShowTheSameSecretAgainWhenTheBreakerLetsOneThrough) {
  const Upstreams upstreams{upstream("a", impatient())};
  try_five_times(upstreams);
  EXPECT_GT(peer.connections(), 1U);
  EXPECT_EQ(attempts(), 1);
  EXPECT_EQ(lines("upstream_login_refused"), 1U);
}

TEST_F(RefusedLoginTest, ShowsAnotherSecretAtOnce) {
  const Upstreams upstreams{upstream("a", impatient())};
  try_five_times(upstreams);
  peer.clear("AUTH");
  peer.on("AUTH", {step::reply("235 2.7.0 welcome")});
  (void)folder.write("secret", "changed");
  EXPECT_EQ(use(upstreams), "a");
  EXPECT_EQ(attempts(), 2);
}

TEST_F(RefusedLoginTest, ShowsItAgainAfterItsPauseOrAReload) {
  UpstreamSettings wanted = impatient();
  wanted.login.refused_pause = 50ms;
  const Upstreams upstreams{upstream("a", wanted)};
  EXPECT_FALSE(lease(upstreams));
  const TimePoint over = Clock::now() + 60ms;
  EXPECT_TRUE(turn_until([&] { return Clock::now() > over; }));
  EXPECT_FALSE(lease(upstreams));
  EXPECT_EQ(attempts(), 2);

  const Upstreams patient{upstream("b", impatient())};
  EXPECT_FALSE(lease(patient));
  EXPECT_EQ(Upstream::make("b", impatient(), "gateway.test", patient).value(), patient[0]);
  try_five_times(patient);
  EXPECT_EQ(attempts(), 4);
}

TEST_F(RefusedLoginTest, IsNotShownToTheNextAddressOfTheUpstream) {
  NameResolver names({.look_up = [](const std::string&) -> Result<NameResolver::Addresses> {
    return NameResolver::Addresses{*IpAddress::parse("127.0.0.1"), *IpAddress::parse("127.0.0.1")};
  }});
  UpstreamSettings wanted = settings(peer);
  wanted.host = "mail.example.org";
  const auto made = Upstream::make("a", wanted, "gateway.test").value();
  EXPECT_FALSE(
      run(SmtpClient::connect(loop, names, offload, *made, nullptr, Deadline::in(20s), cancel)));
  EXPECT_EQ(attempts(), 1);
}

TEST_F(RefusedLoginTest, TakesADeferredLoginForAnOrdinaryFailure) {
  peer.clear("AUTH");
  peer.on("AUTH", {step::reply("454 4.7.0 later")});
  const Upstreams upstreams{upstream("a", settings(peer))};
  EXPECT_FALSE(lease(upstreams));
  EXPECT_FALSE(lease(upstreams));
  EXPECT_FALSE(upstreams[0]->breaker->open());
  EXPECT_EQ(attempts(), 2);
}

TEST_F(LoginTest, TakesTheSecretFromASystemdCredential) {
  ScriptedUpstream peer(offering("PLAIN"));
  peer.on("AUTH", {step::reply("235 2.7.0 welcome")});
  UpstreamSettings wanted = settings(peer);
  wanted.login.credential = "secret";
  wanted.login.secret_file.clear();
  ::unsetenv("CREDENTIALS_DIRECTORY");
  const Journey without = deliver(wanted);
  EXPECT_EQ(without.stopped_at, "connect");
  EXPECT_THAT(without.words, HasSubstr("CREDENTIALS_DIRECTORY"));
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  EXPECT_EQ(deliver(wanted).stopped_at, "");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(LoginTest, SaysNothingInTheClearUnlessItIsAllowed) {
  ScriptedUpstream peer(offering("PLAIN SCRAM-SHA-256"));
  UpstreamSettings wanted = settings(peer);
  wanted.login.in_clear = false;
  const Journey journey = deliver(wanted);
  EXPECT_EQ(journey.stopped_at, "connect");
  EXPECT_THAT(journey.words, HasSubstr("not encrypted"));
  EXPECT_THAT(peer.commands(), Each(Not(StartsWith("AUTH"))));
}

TEST_F(LoginTest, SendsNoMailWhereNoMechanismFits) {
  ScriptedUpstream peer(offering("GSSAPI NTLM"));
  const Journey journey = deliver(settings(peer));
  EXPECT_EQ(journey.stopped_at, "connect");
  EXPECT_THAT(journey.words, HasSubstr("GSSAPI NTLM"));
  EXPECT_THAT(peer.commands(), Each(Not(StartsWith("MAIL"))));
}

TEST_F(LoginTest, SaysWhichFileIsMissingAndNeverWhatItHeld) {
  ScriptedUpstream peer(offering("PLAIN"));
  UpstreamSettings wanted = settings(peer);
  wanted.login.secret_file = folder.path() / "absent";
  EXPECT_THAT(deliver(wanted).words, HasSubstr("absent"));
  peer.on("AUTH", {step::reply("535 5.7.8 no")});
  EXPECT_THAT(deliver(settings(peer)).words, Not(HasSubstr("pencil")));
}

TEST_F(LoginTest, AnUpstreamThatRefusesTheLogInIsDownInWords) {
  ScriptedUpstream peer(offering("PLAIN"));
  peer.on("AUTH", {step::reply("535 5.7.8 bad password")});
  const auto smarthost = upstream("smarthost", settings(peer));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(lease({smarthost}));
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_THAT(
      log->kept(),
      Contains(HasSubstr("refused our log-in as gateway by PLAIN: 535 5.7.8 bad password")));
}

TEST_F(LoginTest, EndsAConnectionWhoseChallengesMakeNoSense) {
  for (const char* challenge : {"334 *", "334 AAAA"}) {
    ScriptedUpstream peer(offering("PLAIN"));
    peer.on("AUTH", {step::reply(challenge)});
    EXPECT_EQ(deliver(settings(peer)).stopped_at, "connect") << challenge;
    EXPECT_EQ(peer.commands().size(), 2U);
  }
}

}  // namespace
}  // namespace sekisho::upstream
