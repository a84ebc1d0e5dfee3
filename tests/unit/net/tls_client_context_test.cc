// What a client makes sure of (fingerprints), what it shows of itself, and the sessions it resumes.
#include <ctime>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/net/tls_peer_certificate.h"
#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

using ::testing::HasSubstr;

std::string upper_with_colons(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i > 0 && i % 2 == 0) out += ':';
    out += static_cast<char>(std::toupper(static_cast<unsigned char>(hex[i])));
  }
  return out;
}

class TlsClientContext : public TlsTest {
 protected:
  [[nodiscard]] static Certificate first_of(const std::filesystem::path& file) {
    return std::move(read_certificates(file).value().front());
  }
  [[nodiscard]] std::string pin() const {
    return certificate_fingerprint(first_of(certificate_.certificate_file()).get());
  }
  [[nodiscard]] std::string key_pin() const {
    return public_key_fingerprint(first_of(certificate_.certificate_file()).get());
  }
  static std::shared_ptr<const TlsContext> pinned(const std::vector<std::string>& fingerprints) {
    return must(TlsContext::client({.verification = ByFingerprint::parse(fingerprints).value()}));
  }
  // Both ends; then the server says something, with which its tickets come. Null: no handshake.
  const TlsInfo* connect(const std::shared_ptr<const TlsContext>& client,
                         std::string_view name = "localhost") {
    open(unix_pair());
    auto [server, theirs] = handshake(client, name);
    if (!theirs) refusal_ = theirs.error().text;
    if (!server || !theirs) return nullptr;
    EXPECT_TRUE(write(*ours_, "hello"));
    EXPECT_EQ(read(*theirs_, 5).value(), "hello");
    return theirs_->tls();
  }
  std::string refusal_;
};

TEST_F(TlsClientContext, TakesACertificateOfAKnownFingerprintWhateverItsNameAndAuthority) {
  const std::string other(64, '0');
  for (const auto& fingerprints : std::vector<std::vector<std::string>>{
           {pin()}, {upper_with_colons(pin())}, {key_pin()}, {other, pin()}}) {
    const TlsInfo* info = connect(pinned(fingerprints), "another.example.org");
    ASSERT_NE(info, nullptr) << refusal_;
    EXPECT_TRUE(info->peer_verified);
  }
}

TEST_F(TlsClientContext, RefusesAnyOtherAndTellsItsFingerprint) {
  EXPECT_EQ(connect(pinned({std::string(64, '0')})), nullptr);
  EXPECT_THAT(refusal_, HasSubstr("no configured fingerprint"));
  EXPECT_THAT(refusal_, HasSubstr(pin()));
}

TEST_F(TlsClientContext, ReadsNoFingerprintThatIsNone) {
  for (const std::string& text :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g'),
        pin().substr(0, 40), upper_with_colons(pin()).substr(0, 94), ":" + pin(), pin() + ":",
        upper_with_colons(pin()) + ":", std::string("sha256")})
    EXPECT_FALSE(ByFingerprint::parse({text})) << text;
  EXPECT_FALSE(ByFingerprint::parse({}));
}

TEST_F(TlsClientContext, ShowsItsCertificateToAServerThatAsks) {
  TestCertificate::Options options;
  options.usage = "clientAuth";
  const TestCertificate shown({"gateway.test"}, options);
  auto server = TlsCertificates::open(
      {.pairs = {{certificate_.certificate_file(), certificate_.key_file()}}});
  server_ = must(TlsContext::server(
      {.certificates = *server, .clients = {.ask = true, .authorities = shown.ca_file()}}));
  auto mine = TlsCertificates::open({.pairs = {{shown.certificate_file(), shown.key_file()}}});
  const auto client = must(TlsContext::client(
      {.verification = ByAuthorities{certificate_.ca_file()}, .certificates = *mine}));
  ASSERT_NE(connect(client), nullptr) << refusal_;
  ASSERT_NE(ours_->tls()->peer_certificate, nullptr);
  EXPECT_EQ(ours_->tls()->peer_certificate->subject, "CN=gateway.test");
  EXPECT_TRUE(ours_->tls()->peer_certificate->verified);
  // And nothing where there is nothing to show.
  ASSERT_NE(connect(client_), nullptr);
  EXPECT_EQ(ours_->tls()->peer_certificate, nullptr);
}

TEST_F(TlsClientContext, ResumesItsSessionsWithWhatWasVerified) {
  for (const auto& client : {client_, pinned({pin()}), careless_}) {
    ASSERT_NE(connect(client), nullptr) << refusal_;
    EXPECT_FALSE(theirs_->tls()->resumed);
    for (int i = 0; i < 3; ++i) {
      ASSERT_NE(connect(client), nullptr) << refusal_;
      EXPECT_TRUE(theirs_->tls()->resumed);
      EXPECT_EQ(theirs_->tls()->peer_verified, client->verifies());
    }
  }
}

TEST_F(TlsClientContext, ResumesInTls12Too) {
  SSL_CTX_set_max_proto_version(server_->native(), TLS1_2_VERSION);
  ASSERT_NE(connect(client_), nullptr) << refusal_;
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(connect(client_), nullptr) << refusal_;
    EXPECT_EQ(theirs_->tls()->version, "TLSv1.2");
    EXPECT_TRUE(theirs_->tls()->resumed);
  }
}

TEST_F(TlsClientContext, ResumesNoSessionOfAnotherContextNorOneThatWasForgotten) {
  ASSERT_NE(connect(careless_), nullptr);
  ASSERT_NE(connect(client_), nullptr) << refusal_;
  EXPECT_FALSE(theirs_->tls()->resumed);
  client_->sessions()->clear();
  ASSERT_NE(connect(client_), nullptr) << refusal_;
  EXPECT_FALSE(theirs_->tls()->resumed);
}

TEST_F(TlsClientContext, KeepsASessionForTwoHoursFromItsFullHandshakeAtMost) {
  const std::time_t now = std::time(nullptr);
  ASSERT_NE(connect(client_), nullptr) << refusal_;
  EXPECT_NE(client_->sessions()->take(now + 3600), nullptr);
  ASSERT_NE(connect(client_), nullptr) << refusal_;
  EXPECT_EQ(client_->sessions()->take(now + 2 * 3600 + 60), nullptr);
}

}  // namespace
}  // namespace sekisho::test
