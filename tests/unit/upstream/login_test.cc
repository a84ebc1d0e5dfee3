// AUTH towards an upstream: which mechanism, what is said, and what is never said in the clear.
#include "gateway/upstream/login.h"

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
  UpstreamSettings wanted = settings(peer);
  wanted.breaker_failures = 2;
  const auto smarthost = upstream("smarthost", wanted);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(lease({smarthost}));
  EXPECT_EQ(peer.connections(), 2U);
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
