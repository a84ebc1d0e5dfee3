// Passwords of users that an upstream is asked about: what counts as an answer, and who is asked.
#include "gateway/upstream/credential_check.h"

#include <gmock/gmock.h>

#include "gateway/base/text.h"
#include "tests/support/test_certificate.h"
#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Finding = CredentialCheck::Finding;
namespace step = test::step;
using namespace std::string_literals;

struct CredentialCheckTest : UpstreamFixture {
  static const test::TestCertificate& certificate() {
    static const test::TestCertificate kCertificate;
    return kCertificate;
  }
  static ScriptedUpstream::Options offering(const std::string& mechanisms) {
    return {.extensions = {"AUTH " + mechanisms},
            .certificate = certificate().certificate_file(),
            .key = certificate().key_file()};
  }
  static UpstreamSettings settings(const ScriptedUpstream& peer, TlsMode mode = TlsMode::verify) {
    UpstreamSettings made = settings_for(peer.port());
    made.tls = mode;
    if (verifies(mode)) made.tls_ca_file = certificate().ca_file();
    made.login.user = "gateway";  // not who logs in here
    made.login.secret_file = "/nonexistent";
    return made;
  }
  CredentialCheck check(const UpstreamSettings& settings) {
    const auto upstream = Upstream::make("main", settings, "gateway.test").value();
    const Secret password("wonderland");
    return run(check_credentials(loop, resolver, offload, *upstream, "alice", password,
                                 Deadline::in(10s), cancel));
  }
};

TEST_F(CredentialCheckTest, TheUpstreamsAnswerToTheUsersOwnLogInIsTheFinding) {
  ScriptedUpstream peer(offering("SCRAM-SHA-256 LOGIN PLAIN"));
  peer.on("AUTH", {step::reply("235 2.7.0 welcome")}, 1);
  peer.on("AUTH", {step::reply("535 5.7.8 no")}, 1);
  EXPECT_EQ(check(settings(peer)).finding, Finding::right);
  EXPECT_EQ(check(settings(peer)).finding, Finding::wrong);
  EXPECT_THAT(peer.commands(), Contains("AUTH PLAIN " + base64_encode("\0alice\0wonderland"s)));
  EXPECT_THAT(peer.commands(), Each(Not(StartsWith("MAIL"))));
  EXPECT_EQ(peer.connections(), 2U);
  EXPECT_TRUE(peer.wait_until([](const auto& now) { return now.open_connections() == 0; }));
}

TEST_F(CredentialCheckTest, WhateverIsNot535CouldNotTell) {
  for (const char* reply : {"454 4.7.0 later", "534 5.7.9 too weak", "530 5.7.0 no",
                            "500 5.5.1 what", "421 4.3.2 bye", "334 ", "354 go on"}) {
    ScriptedUpstream peer(offering("PLAIN"));
    peer.on("AUTH", {step::reply(reply)});
    EXPECT_EQ(check(settings(peer)).finding, Finding::unavailable) << reply;
  }
  ScriptedUpstream closing(offering("PLAIN"));
  closing.on("AUTH", {step::close()});
  EXPECT_EQ(check(settings(closing)).finding, Finding::unavailable);
  ScriptedUpstream away(offering("PLAIN"));
  const UpstreamSettings there = settings(away);
  away.stop();
  EXPECT_EQ(check(there).finding, Finding::unavailable);
}

TEST_F(CredentialCheckTest, NoPasswordGoesToWhomTheCertificateDoesNotVouchForOrByAnotherMechanism) {
  ScriptedUpstream peer(offering("PLAIN LOGIN"));
  EXPECT_THAT(check(settings(peer, TlsMode::required)).reason, HasSubstr("verified upstream"));
  EXPECT_EQ(check(settings(peer, TlsMode::never)).finding, Finding::unavailable);
  ScriptedUpstream other(offering("SCRAM-SHA-256 XOAUTH2"));
  EXPECT_THAT(check(settings(other)).reason, HasSubstr("neither PLAIN nor LOGIN"));
  for (const auto* one : {&peer, &other})
    EXPECT_THAT(one->commands(), Each(Not(StartsWith("AUTH"))));
}

}  // namespace
}  // namespace sekisho::upstream
