// The TLS modes against upstreams that do and don't keep to them.
#include <gmock/gmock.h>

#include "tests/support/test_certificate.h"
#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {
namespace {

using test::ScriptedUpstream;
using test::Step;
using ::testing::HasSubstr;
namespace step = test::step;

struct SmtpClientTls : UpstreamFixture {
  static const test::TestCertificate& certificate() {
    static const test::TestCertificate kCertificate({"localhost", "127.0.0.1", "mta.test"});
    return kCertificate;
  }
  static ScriptedUpstream::Options with_tls(bool implicit = false) {
    return {.certificate = certificate().certificate_file(),
            .key = certificate().key_file(),
            .implicit_tls = implicit};
  }
  static UpstreamSettings settings(const ScriptedUpstream& upstream, TlsMode mode) {
    UpstreamSettings settings = settings_for(upstream.port());
    settings.tls = mode;
    if (verifies(mode)) settings.tls_ca_file = certificate().ca_file();
    return settings;
  }
};

enum class Ends { plain, tls, verified, fails };

TEST_F(SmtpClientTls, EndsWhereItsModeSaysWithEachKindOfUpstream) {
  struct Case {
    std::string name;
    TlsMode mode;
    bool certificate;
    bool implicit;
    Ends ends;
  };
  const std::vector<Case> cases{
      {"never, offered", TlsMode::never, true, false, Ends::plain},
      {"never, not offered", TlsMode::never, false, false, Ends::plain},
      {"opportunistic, offered", TlsMode::opportunistic, true, false, Ends::tls},
      {"opportunistic, not offered", TlsMode::opportunistic, false, false, Ends::plain},
      {"required, offered", TlsMode::required, true, false, Ends::tls},
      {"required, not offered", TlsMode::required, false, false, Ends::fails},
      {"verify, offered", TlsMode::verify, true, false, Ends::verified},
      {"verify, not offered", TlsMode::verify, false, false, Ends::fails},
      {"implicit", TlsMode::implicit, true, true, Ends::tls},
      {"implicit, verified", TlsMode::implicit_verify, true, true, Ends::verified},
      {"implicit, but the upstream is plain", TlsMode::implicit, false, false, Ends::fails},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    ScriptedUpstream upstream(one.certificate ? with_tls(one.implicit)
                                              : ScriptedUpstream::Options{});
    UpstreamSettings wanted = settings(upstream, one.mode);
    wanted.connect_timeout = 500ms;  // a plain server waits for our first line as we wait for its
    auto client = connect(wanted);
    if (one.ends == Ends::fails) {
      EXPECT_FALSE(client);
      continue;
    }
    ASSERT_TRUE(client) << client.error().text;
    EXPECT_EQ((*client)->tls() != nullptr, one.ends != Ends::plain);
    if ((*client)->tls() != nullptr)
      EXPECT_EQ((*client)->tls()->peer_verified, one.ends == Ends::verified);
    EXPECT_EQ((*client)->note(), "");
    EXPECT_FALSE((*client)->capabilities().starttls && (*client)->tls() != nullptr);
    EXPECT_EQ(send(**client).stopped_at, "");
    EXPECT_EQ(upstream.messages().size(), 1U);
  }
}

TEST_F(SmtpClientTls, SendsAndPoolsOverTlsAsInPlain) {
  ScriptedUpstream upstream(with_tls());
  auto client = connect(settings(upstream, TlsMode::required)).value();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(send(*client, std::string(200'000, 'x') + "\r\n").stopped_at, "");
    EXPECT_TRUE(client->reusable());
    EXPECT_FALSE(client->stale()) << "a session ticket is no unexpected input";
  }
  run(client->quit());
  EXPECT_EQ(upstream.commands().back(), "QUIT");
}

TEST_F(SmtpClientTls, VerifiesTheNameThatIsConfigured) {
  ScriptedUpstream upstream(with_tls());
  UpstreamSettings wanted = settings(upstream, TlsMode::verify);
  wanted.tls_name = "mta.test";
  EXPECT_TRUE(connect(wanted));
  wanted.tls_name = "other.test";
  const auto refused = connect(wanted);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("TLS handshake: "));
  EXPECT_TRUE(upstream.messages().empty());
}

TEST_F(SmtpClientTls, RefusesACertificateOfAnotherAuthority) {
  const test::TestCertificate other;
  for (const bool implicit : {false, true}) {
    ScriptedUpstream upstream(with_tls(implicit));
    UpstreamSettings wanted =
        settings(upstream, implicit ? TlsMode::implicit_verify : TlsMode::verify);
    wanted.tls_ca_file = other.ca_file();
    const auto client = connect(wanted);
    ASSERT_FALSE(client);
    EXPECT_EQ(upstream.connections(), 1U) << "no second try, least of all in plain";
  }
}

// CVE-2021-38371 and its like: text from before the handshake read as if it came after it.
TEST_F(SmtpClientTls, RefusesPlainTextAfterTheAnswerToStarttls) {
  for (const TlsMode mode : {TlsMode::opportunistic, TlsMode::required, TlsMode::verify}) {
    ScriptedUpstream upstream(with_tls());
    upstream.on("STARTTLS",
                {step::reply("220 2.0.0 go\r\n250-mta.test\r\n250 AUTH PLAIN"), step::starttls()});
    const auto client = connect(settings(upstream, mode));
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().kind, ErrorKind::protocol);
    EXPECT_THAT(client.error().text, HasSubstr("injection"));
    EXPECT_EQ(upstream.connections(), 1U);
  }
}

TEST_F(SmtpClientTls, ForgetsWhatWasOfferedInPlain) {
  ScriptedUpstream upstream(with_tls());
  upstream.on("EHLO", {step::reply("250-mta.test\r\n250-SIZE 10\r\n250-XTRA\r\n250 STARTTLS")}, 1);
  auto client = connect(settings(upstream, TlsMode::required)).value();
  EXPECT_EQ(client->capabilities().size, 104857600U);
  EXPECT_TRUE(client->capabilities().others.empty());
  EXPECT_TRUE(client->capabilities().pipelining);
}

TEST_F(SmtpClientTls, TakesPlainOnceWhenTheHandshakeFailsAndPlainIsAllowed) {
  const std::vector<std::vector<Step>> failures{
      {step::reply("220 go"), step::close()},
      {step::reply("220 go"), step::reset()},
      {step::reply("220 go"), step::read(1), step::bytes("what is this?\r\n"), step::close()},
  };
  for (const auto& steps : failures) {
    ScriptedUpstream upstream(with_tls());
    upstream.on("STARTTLS", steps);
    auto client = connect(settings(upstream, TlsMode::opportunistic));
    ASSERT_TRUE(client) << client.error().text;
    EXPECT_EQ((*client)->tls(), nullptr);
    EXPECT_THAT((*client)->note(), HasSubstr("TLS handshake: "));
    EXPECT_EQ(upstream.connections(), 2U);
    EXPECT_EQ(send(**client).stopped_at, "");

    const auto required = connect(settings(upstream, TlsMode::required));
    ASSERT_FALSE(required);
    EXPECT_THAT(required.error().text, HasSubstr("TLS handshake: "));
    EXPECT_EQ(upstream.connections(), 3U);
  }
}

TEST_F(SmtpClientTls, TakesPlainWhenTheHandshakeNeverEnds) {
  ScriptedUpstream upstream(with_tls());
  upstream.on("STARTTLS", {step::reply("220 go"), step::hold()});
  UpstreamSettings wanted = settings(upstream, TlsMode::opportunistic);
  wanted.connect_timeout = 100ms;
  auto client = connect(wanted);
  ASSERT_TRUE(client);
  EXPECT_EQ((*client)->tls(), nullptr);
}

TEST_F(SmtpClientTls, GoesOnInPlainWhenStarttlsIsRefusedAndPlainIsAllowed) {
  ScriptedUpstream upstream(with_tls());
  upstream.on("STARTTLS", {step::reply("454 4.7.0 no entropy")});
  auto client = connect(settings(upstream, TlsMode::opportunistic));
  ASSERT_TRUE(client);
  EXPECT_THAT((*client)->note(), HasSubstr("no entropy"));
  EXPECT_EQ(upstream.connections(), 1U);
  const auto required = connect(settings(upstream, TlsMode::required));
  ASSERT_FALSE(required);
  EXPECT_THAT(required.error().text, HasSubstr("no entropy"));
}

TEST_F(SmtpClientTls, FailsWhenStarttlsIsAnsweredWithGarbageOr421) {
  for (const auto& steps :
       {std::vector<Step>{step::reply("421 4.3.2 bye"), step::close()},
        std::vector<Step>{step::reply("hello")}, std::vector<Step>{step::close()}}) {
    ScriptedUpstream upstream(with_tls());
    upstream.on("STARTTLS", steps);
    EXPECT_FALSE(connect(settings(upstream, TlsMode::opportunistic)));
  }
}

TEST_F(SmtpClientTls, TakesNoTlsEndForAnAnswer) {
  ScriptedUpstream upstream(with_tls());
  upstream.on(".", {step::bytes("250 2.0.0 ok"), step::close()});
  const Journey journey = deliver(settings(upstream, TlsMode::required));
  EXPECT_EQ(journey.stopped_at, "dot");
  EXPECT_EQ(journey.code, 0);
  EXPECT_EQ(upstream.final_dots(), 1U);
}

TEST_F(SmtpClientTls, RefusesToWorkWithoutAContext) {
  ScriptedUpstream upstream;
  Upstream wanted(settings(upstream, TlsMode::required));
  wanted.name = "mta";
  const auto client =
      run(SmtpClient::connect(loop, resolver, offload, wanted, nullptr, Deadline::in(5s), cancel));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace sekisho::upstream
