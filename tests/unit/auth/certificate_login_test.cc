// Whom a client certificate names, and AUTH EXTERNAL with it.
#include "gateway/auth/certificate_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/auth/dovecot_connection.h"
#include "gateway/auth/log_in.h"
#include "tests/support/settings_errors.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/cheap_hash.h"

namespace sekisho::auth {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Name = CertificateLogin::Name;

const std::string kFingerprint(64, 'a');

PeerCertificate printer() {
  return {.verified = true,
          .problem = {},
          .fingerprint = kFingerprint,
          .subject = "CN=Printer,O=Example",
          .common_name = "Printer",
          .emails = {"Printer@example.org"},
          .dns_names = {"printer.example.org"}};
}

CertificateLogin by(Name name, std::vector<std::string> users = {}) {
  return {.name = name, .users = std::move(users)};
}

TEST(CertificateLogin, NamesTheUserThatTheRuleSays) {
  EXPECT_EQ(by(Name::none).user_of(printer()), std::nullopt);
  EXPECT_EQ(by(Name::email).user_of(printer()), "printer@example.org");
  EXPECT_EQ(by(Name::common_name).user_of(printer()), "printer");
}

TEST(CertificateLogin, ListedCertificatesAreTheirUsersFirst) {
  EXPECT_EQ(by(Name::email, {"Desk: CN=Printer,O=Example"}).user_of(printer()), "desk");
  EXPECT_EQ(by(Name::none, {"desk: " + kFingerprint}).user_of(printer()), "desk");
  std::string colons = "desk: AA";
  for (int i = 1; i < 32; ++i) colons += ":AA";
  EXPECT_EQ(by(Name::none, {colons}).user_of(printer()), "desk");
  EXPECT_EQ(by(Name::none, {"desk: CN=Printer"}).user_of(printer()), std::nullopt);
  EXPECT_EQ(by(Name::email, {"desk: CN=Other"}).user_of(printer()), "printer@example.org");
}

TEST(CertificateLogin, AnUnverifiedOrAmbiguousOneNamesNobody) {
  PeerCertificate peer = printer();
  peer.verified = false;
  EXPECT_EQ(by(Name::email, {"desk: " + kFingerprint}).user_of(peer), std::nullopt);
  peer = printer();
  peer.emails.emplace_back("other@example.org");
  EXPECT_EQ(by(Name::email).user_of(peer), std::nullopt);
  peer.emails.clear();
  EXPECT_EQ(by(Name::email).user_of(peer), std::nullopt);
  peer.common_name.clear();
  EXPECT_EQ(by(Name::common_name).user_of(peer), std::nullopt);
  peer.common_name = "a:b";
  EXPECT_EQ(by(Name::common_name).user_of(peer), std::nullopt);
}

TEST(CertificateLogin, TellsMistakesInTheList) {
  const auto errors = [](std::vector<std::string> users) {
    test::SettingsErrors visitor;
    by(Name::none, std::move(users)).visit(visitor);
    return visitor.errors;
  };
  EXPECT_THAT(errors({"desk: CN=a,O=b", "desk: CN=c"}), IsEmpty());
  EXPECT_THAT(errors({"desk"}), Contains(HasSubstr("has no colon")));
  EXPECT_THAT(errors({"#desk: CN=a"}), Contains(HasSubstr("user name")));
  EXPECT_THAT(errors({"desk: printer"}), Contains(HasSubstr("names no certificate")));
  EXPECT_THAT(errors({"desk: CN=a", "other: CN=a"}), Contains(HasSubstr("has a user already")));
}

class ExternalTest : public testing::Test {
 protected:
  ExternalTest() {
    AuthSettings settings;
    const std::string hash = test::cheap_hash("x");
    settings.users_file = dir_.write("users", "alice:" + hash + "\nlocked:!" + hash + "\n");
    authenticator_ = make_users_file_authenticator(settings).value();
  }
  LoginContext login(std::string_view user) {
    return {.loop = loop_,
            .cancel = cancel_,
            .remote = remote_,
            .local = remote_,
            .dovecot = connections_,
            .session_id = "5f-1",
            .encrypted = true,
            .certificate_user = user};
  }
  AuthExchange::Step step(std::string_view user, std::optional<std::string_view> response) {
    const auto exchange = begin_exchange(*authenticator_, "EXTERNAL", login(user));
    return loop_.run_until_done(exchange->step(response));
  }
  Verdict log_in(std::string_view user, std::string_view wish) {
    return std::get<Verdict>(step(user, wish));
  }

  test::TempDir dir_;
  Loop loop_;
  CancelSource cancel_;
  DovecotConnections connections_{loop_};
  Endpoint remote_ = Endpoint::parse("192.0.2.7:4711").value();
  std::shared_ptr<Authenticator> authenticator_;
};

TEST_F(ExternalTest, IsOfferedToWhomACertificateNamesAlone) {
  EXPECT_THAT(offered_mechanisms(*authenticator_, login("alice")),
              ElementsAre("EXTERNAL", "PLAIN", "LOGIN"));
  EXPECT_THAT(offered_mechanisms(*authenticator_, login("")), Not(Contains("EXTERNAL")));
  EXPECT_EQ(begin_exchange(*authenticator_, "EXTERNAL", login("")), nullptr);
  EXPECT_NE(begin_exchange(*authenticator_, "PLAIN", login("")), nullptr);
}

TEST_F(ExternalTest, LogsInWhoIsKnownAndWantsToBeNobodyElse) {
  EXPECT_EQ(std::get<AuthExchange::Challenge>(step("alice", std::nullopt)).text, "");
  EXPECT_EQ(log_in("alice", "").kind, Verdict::Kind::accepted);
  EXPECT_EQ(log_in("alice", "").user, "alice");
  EXPECT_EQ(log_in("alice", "ALICE").user, "alice");
  for (const std::string_view wish : {"bob", "alice ", ":", "\xff"}) {
    EXPECT_EQ(log_in("alice", wish).kind, Verdict::Kind::wrong) << wish;
    EXPECT_EQ(log_in("alice", wish).user, "");
  }
  EXPECT_EQ(log_in("carol", "").kind, Verdict::Kind::wrong);
  EXPECT_EQ(log_in("locked", "").kind, Verdict::Kind::wrong);
}

}  // namespace
}  // namespace sekisho::auth
