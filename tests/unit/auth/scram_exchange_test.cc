// Log-ins by SCRAM on the users file: who gets in, what others learn, and what it costs to guess.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/auth/authenticator.h"
#include "gateway/auth/dovecot_connection.h"
#include "gateway/auth/scram_secret.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/cheap_hash.h"
#include "tests/unit/auth/gsasl_client.h"

namespace sekisho::auth {
namespace {

using Kind = Verdict::Kind;
using test::GsaslClient;
using testing::ElementsAre;
using testing::StartsWith;

std::string secret_of(const std::string& password) {
  return to_text(make_scram_secret(Secret(password), 4096).value());
}

class ScramExchangeTest : public testing::Test {
 protected:
  void start(const std::string& users) {
    settings_.users_file = dir_.write("users", users);
    settings_.throttle.first_delay = 0ms;
    settings_.throttle.max_delay = 0ms;
    authenticator_ = make_users_file_authenticator(settings_).value();
  }
  void start() {
    start("alice:" + secret_of("wonderland") + "\nbob:" + test::cheap_hash("builder") +
          "\nlocked:!" + secret_of("wonderland") + "\nb\u00e9a:" + secret_of("wonderland") + "\n");
  }
  LoginContext login(std::string_view binding = {}) {
    return {.loop = loop_,
            .cancel = cancel_,
            .remote = remote_,
            .local = local_,
            .dovecot = connections_,
            .session_id = "5f-1",
            .encrypted = true,
            .channel_binding = binding};
  }
  AuthExchange::Step step(AuthExchange& exchange, std::optional<std::string_view> response) {
    return loop_.run_until_done(exchange.step(response));
  }
  Verdict log_in(GsaslClient& client, const char* mechanism = "SCRAM-SHA-256",
                 std::string_view binding = {}) {
    const auto exchange = authenticator_->begin(mechanism, login(binding));
    auto next = step(*exchange, client.step(""));
    while (auto* challenge = std::get_if<AuthExchange::Challenge>(&next))
      next = step(*exchange, client.step(challenge->text));
    if (auto* reply = std::get_if<smtp::Reply>(&next))
      return {Kind::unavailable, {}, "reply " + std::to_string(reply->code)};
    return std::get<Verdict>(next);
  }
  Verdict log_in(const char* user, const char* password) {
    GsaslClient client("SCRAM-SHA-256", user, password);
    return log_in(client);
  }
  std::string server_first(const std::string& name) {
    const auto exchange = authenticator_->begin("SCRAM-SHA-256", login());
    return std::get<AuthExchange::Challenge>(step(*exchange, "n,,n=" + name + ",r=abcdefgh")).text;
  }
  static std::string salt_of(const std::string& first) { return first.substr(first.find(",s=")); }

  test::TempDir dir_;
  AuthSettings settings_;
  Loop loop_;
  CancelSource cancel_;
  DovecotConnections connections_{loop_};
  Endpoint remote_ = Endpoint::parse("192.0.2.7:4711").value();
  Endpoint local_ = Endpoint::parse("192.0.2.1:587").value();
  std::shared_ptr<PasswordAuthenticator> authenticator_;
};

TEST_F(ScramExchangeTest, IsOfferedWhereSomebodyHasASecretForItAndPlusWhereTlsCanBeBoundTo) {
  start();
  EXPECT_THAT(authenticator_->mechanisms(login()), ElementsAre("SCRAM-SHA-256", "PLAIN", "LOGIN"));
  EXPECT_THAT(authenticator_->mechanisms(login("binding")),
              ElementsAre("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"));
  EXPECT_EQ(authenticator_->begin("SCRAM-SHA-256-PLUS", login()), nullptr);
  start("bob:" + test::cheap_hash("builder") + "\n");
  EXPECT_THAT(authenticator_->mechanisms(login("binding")), ElementsAre("PLAIN", "LOGIN"));
  EXPECT_EQ(authenticator_->begin("SCRAM-SHA-256", login()), nullptr);
}

TEST_F(ScramExchangeTest, TheRightPasswordLogsInUnderTheNormalizedName) {
  start();
  const Verdict verdict = log_in("ALICE", "wonderland");
  EXPECT_EQ(verdict.kind, Kind::accepted) << verdict.reason;
  EXPECT_EQ(verdict.user, "alice");
  EXPECT_EQ(verdict.tried, "ALICE");
  EXPECT_EQ(log_in("be\u0301a", "wonderland").user, "b\u00e9a");
}

TEST_F(ScramExchangeTest, PlusLogsInOnItsOwnChannelOnly) {
  start();
  const std::string binding(32, 'b');
  GsaslClient own("SCRAM-SHA-256-PLUS", "alice", "wonderland",
                  "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=");
  EXPECT_EQ(log_in(own, "SCRAM-SHA-256-PLUS", binding).kind, Kind::accepted);
  GsaslClient other("SCRAM-SHA-256-PLUS", "alice", "wonderland",
                    "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=");
  EXPECT_EQ(log_in(other, "SCRAM-SHA-256-PLUS", binding).kind, Kind::wrong);
}

TEST_F(ScramExchangeTest, EverythingElseIsAWrongPassword) {
  start();
  struct Case {
    const char* user;
    const char* password;
    const char* reason;
  };
  for (const auto& [user, password, reason] :
       {Case{"alice", "Wonderland", "wrong password"},
        Case{"bob", "builder", "a user without a SCRAM secret"},
        Case{"carol", "wonderland", "unknown user"}, Case{"locked", "wonderland", "locked account"},
        Case{"a:b", "wonderland", "no name of a user"}}) {
    const Verdict verdict = log_in(user, password);
    EXPECT_EQ(verdict.kind, Kind::wrong) << user;
    EXPECT_EQ(verdict.reason, reason);
    EXPECT_EQ(verdict.user, "");
    EXPECT_EQ(verdict.tried, user);
  }
}

TEST_F(ScramExchangeTest, NobodyActsAsSomebodyElse) {
  start();
  GsaslClient as_bob("SCRAM-SHA-256", "alice", "wonderland", {}, "bob");
  EXPECT_EQ(log_in(as_bob).kind, Kind::wrong);
  GsaslClient as_self("SCRAM-SHA-256", "alice", "wonderland", {}, "Alice");
  EXPECT_EQ(log_in(as_self).kind, Kind::accepted);
}

TEST_F(ScramExchangeTest, AnUnknownNameHasASaltThatStaysLikeARealOne) {
  start();
  const std::string once = salt_of(server_first("carol"));
  EXPECT_EQ(salt_of(server_first("carol")), once);
  EXPECT_EQ(salt_of(server_first("CAROL")), once);
  EXPECT_NE(salt_of(server_first("dave")), once);
  EXPECT_EQ(once.size(), salt_of(server_first("alice")).size());
  authenticator_ = make_users_file_authenticator(settings_).value();
  EXPECT_EQ(salt_of(server_first("carol")), once);
}

TEST_F(ScramExchangeTest, FailuresCountAsThoseOfPasswordsAndARefusedClientLearnsNoSalt) {
  settings_.throttle.max_failures_per_client = 3;
  start();
  EXPECT_EQ(log_in("alice", "a").kind, Kind::wrong);
  EXPECT_EQ(log_in("carol", "b").kind, Kind::wrong);
  const auto exchange = authenticator_->begin("SCRAM-SHA-256", login());  // under way meanwhile
  GsaslClient client("SCRAM-SHA-256", "alice", "wonderland");
  const auto first = step(*exchange, client.step(""));
  const smtp::Credentials wrong{"alice", "", Secret("c")};
  EXPECT_EQ(
      loop_.run_until_done(authenticator_->verify(loop_, wrong, remote_.address, cancel_)).kind,
      Kind::wrong);
  EXPECT_EQ(log_in("alice", "wonderland").kind, Kind::throttled);
  const auto late = step(*exchange, client.step(std::get<AuthExchange::Challenge>(first).text));
  EXPECT_EQ(std::get<Verdict>(late).kind, Kind::throttled);
}

TEST_F(ScramExchangeTest, PlainAndLoginWorkAgainstAScramSecretToo) {
  start();
  const auto verify = [this](std::string user, std::string_view password) {
    const smtp::Credentials credentials{std::move(user), "", Secret(password)};
    return loop_.run_until_done(
        authenticator_->verify(loop_, credentials, remote_.address, cancel_));
  };
  EXPECT_EQ(verify("alice", "wonderland").kind, Kind::accepted);
  EXPECT_EQ(verify("alice", "wonderland").reason, "remembered");
  EXPECT_EQ(verify("alice", "builder").kind, Kind::wrong);
  EXPECT_EQ(verify("bob", "builder").kind, Kind::accepted);
  EXPECT_EQ(verify("locked", "wonderland").kind, Kind::wrong);
}

TEST_F(ScramExchangeTest, TheClientSpeaksFirstAndHasNothingToAddToOurProof) {
  start();
  const auto exchange = authenticator_->begin("SCRAM-SHA-256", login());
  EXPECT_EQ(std::get<AuthExchange::Challenge>(step(*exchange, std::nullopt)).text, "");
  GsaslClient client("SCRAM-SHA-256", "alice", "wonderland");
  auto next = step(*exchange, client.step(""));
  next = step(*exchange, client.step(std::get<AuthExchange::Challenge>(next).text));
  EXPECT_THAT(std::get<AuthExchange::Challenge>(next).text, StartsWith("v="));
  EXPECT_EQ(std::get<smtp::Reply>(step(*exchange, "x")).code, 501);
}

}  // namespace
}  // namespace sekisho::auth
