// What a server learns from the certificate of its client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

TestCertificate::Options for_clients() {
  TestCertificate::Options options;
  options.usage = "clientAuth";
  return options;
}

class TlsClientCertificate : public TlsTest {
 protected:
  TestCertificate shown_{{"printer", "printer@example.org", "printer.example.org"}, for_clients()};

  void ask(const std::filesystem::path& authorities) {
    auto ours = TlsCertificates::open(
        {.pairs = {{certificate_.certificate_file(), certificate_.key_file()}},
         .directory = {},
         .hostname = {}});
    ASSERT_TRUE(ours) << ours.error().text;
    server_ = must(TlsContext::server(
        {.certificates = *ours, .clients = {.ask = true, .authorities = authorities}}));
  }
  // Both ends up; what the server was shown.
  const PeerCertificate* connect(const TestCertificate* shown) {
    auto client = must(TlsContext::client(true, certificate_.ca_file()));
    if (shown != nullptr) {
      EXPECT_EQ(
          SSL_CTX_use_certificate_chain_file(client->native(), shown->certificate_file().c_str()),
          1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey_file(client->native(), shown->key_file().c_str(),
                                            SSL_FILETYPE_PEM),
                1);
    }
    open(unix_pair());
    const auto [server, theirs] = handshake(client, "localhost");
    EXPECT_TRUE(server) << server.error().text;
    EXPECT_TRUE(theirs) << theirs.error().text;
    return server ? ours_->tls()->peer_certificate.get() : nullptr;
  }
};

TEST_F(TlsClientCertificate, IsToldWithItsNamesAndFingerprintWhenVerified) {
  ask(shown_.ca_file());
  const PeerCertificate* peer = connect(&shown_);
  ASSERT_NE(peer, nullptr);
  EXPECT_TRUE(peer->verified);
  EXPECT_TRUE(ours_->tls()->peer_verified);
  EXPECT_THAT(peer->problem, IsEmpty());
  EXPECT_EQ(peer->subject, "CN=printer");
  EXPECT_EQ(peer->common_name, "printer");
  EXPECT_THAT(peer->emails, ElementsAre("printer@example.org"));
  EXPECT_THAT(peer->dns_names, ElementsAre("printer", "printer.example.org"));
  EXPECT_THAT(peer->fingerprint, MatchesRegex("[0-9a-f]{64}"));
}

TEST_F(TlsClientCertificate, OfAnotherAuthorityIsShownButNotVerified) {
  ask(certificate_.ca_file());
  const PeerCertificate* peer = connect(&shown_);
  ASSERT_NE(peer, nullptr);
  EXPECT_FALSE(peer->verified);
  EXPECT_FALSE(ours_->tls()->peer_verified);
  EXPECT_THAT(peer->problem, HasSubstr("certificate"));
  EXPECT_EQ(peer->subject, "CN=printer");
}

TEST_F(TlsClientCertificate, IsNotVerifiedWithoutAuthorities) {
  ask({});
  const PeerCertificate* peer = connect(&shown_);
  ASSERT_NE(peer, nullptr);
  EXPECT_FALSE(peer->verified);
  EXPECT_THAT(peer->fingerprint, MatchesRegex("[0-9a-f]{64}"));
}

TEST_F(TlsClientCertificate, IsNotVerifiedWhenItHasExpired) {
  TestCertificate::Options old = for_clients();
  old.valid_from = -std::chrono::hours(48);
  old.valid_until = -std::chrono::hours(1);
  const TestCertificate expired({"printer"}, old);
  ask(expired.ca_file());
  const PeerCertificate* peer = connect(&expired);
  ASSERT_NE(peer, nullptr);
  EXPECT_FALSE(peer->verified);
  EXPECT_THAT(peer->problem, HasSubstr("expired"));
}

TEST_F(TlsClientCertificate, IsNotVerifiedWhenItIsAServers) {
  const TestCertificate server({"mx.example.org"});
  ask(server.ca_file());
  const PeerCertificate* peer = connect(&server);
  ASSERT_NE(peer, nullptr);
  EXPECT_FALSE(peer->verified);
  EXPECT_THAT(peer->problem, HasSubstr("purpose"));
}

TEST_F(TlsClientCertificate, MayBeMissing) {
  ask(shown_.ca_file());
  EXPECT_EQ(connect(nullptr), nullptr);
  EXPECT_FALSE(ours_->tls()->peer_verified);
}

TEST_F(TlsClientCertificate, IsNotAskedForByDefault) { EXPECT_EQ(connect(&shown_), nullptr); }

}  // namespace
}  // namespace sekisho::test
