// The Dovecot backend against a server that the test plays, line by line, in a thread of its own.
#include "gateway/auth/dovecot_authenticator.h"

#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "gateway/auth/dovecot_connection.h"
#include "gateway/base/descriptor.h"
#include "tests/support/temp_dir.h"

namespace sekisho::auth {
namespace {

using Kind = Verdict::Kind;

constexpr std::string_view kHello =
    "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tOAUTHBEARER\tmutual-auth\n"
    "MECH\tANONYMOUS\tanonymous\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n";

// One connection as the server sees it.
class Peer {
 public:
  explicit Peer(int fd) : socket_(fd) {}
  void say(std::string_view text) {
    (void)!::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  std::string line() {  // empty at the end
    std::string text;
    char c = 0;
    while (::recv(socket_.get(), &c, 1, 0) == 1 && c != '\n') text += c;
    return text;
  }
  // The next line that is no part of the hello.
  std::string request() {
    std::string text;
    do text = line();
    while (text.starts_with("VERSION") || text.starts_with("CPID"));
    return text;
  }

 private:
  Descriptor socket_;
};

class DovecotAuthenticatorTest : public testing::Test {
 protected:
  // Each script serves one connection; the first is the look at the mechanisms.
  void serve(std::vector<std::function<void(Peer&)>> scripts) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.string().size());
    listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 8) != 0)
      throw std::runtime_error("cannot listen");
    server_ = std::thread([this, scripts = std::move(scripts)] {
      for (const auto& script : scripts) {
        Peer peer(::accept(listener_.get(), nullptr, nullptr));
        peer.say(kHello);
        script(peer);
      }
    });
    AuthSettings settings;
    settings.dovecot_socket = path_;
    settings.throttle.max_failures_per_client = 2;
    authenticator_ = make_dovecot_authenticator(settings);
  }
  void TearDown() override {
    if (server_.joinable()) server_.join();
  }
  static void look(Peer& peer) { (void)peer.request(); }

  LoginContext login() {
    return {.loop = loop_,
            .cancel = cancel_,
            .remote = remote_,
            .local = local_,
            .dovecot = connections_,
            .session_id = "5f-1",
            .encrypted = true};
  }
  AuthExchange::Step step(AuthExchange& exchange, std::optional<std::string_view> response) {
    return loop_.run_until_done(exchange.step(response));
  }
  Verdict log_in(std::string_view response) {
    const auto exchange = authenticator_->begin("PLAIN", login());
    return std::get<Verdict>(step(*exchange, response));
  }

  test::TempDir dir_;
  std::filesystem::path path_ = dir_.path() / "auth-client";
  Descriptor listener_;
  std::thread server_;
  Loop loop_;
  CancelSource cancel_;
  DovecotConnections connections_{loop_};
  Endpoint remote_ = Endpoint::parse("192.0.2.7:4711").value();
  Endpoint local_ = Endpoint::parse("192.0.2.1:587").value();
  std::shared_ptr<Authenticator> authenticator_;
};

TEST_F(DovecotAuthenticatorTest, OffersWhatTheServerHasAndPasswordsOnlyInTls) {
  serve({look});
  EXPECT_EQ(authenticator_->mechanisms(login()),
            (std::vector<std::string>{"PLAIN", "OAUTHBEARER"}));
  LoginContext clear = login();
  clear.encrypted = false;
  EXPECT_EQ(authenticator_->mechanisms(clear), (std::vector<std::string>{"OAUTHBEARER"}));
  EXPECT_EQ(authenticator_->begin("ANONYMOUS", login()), nullptr);
  EXPECT_EQ(authenticator_->begin("PLAIN", clear), nullptr);
}

TEST_F(DovecotAuthenticatorTest, VerdictsAreTheServers) {
  serve({look, [](Peer& peer) {
           EXPECT_NE(peer.request().find("\trip=192.0.2.7\t"), std::string::npos);
           peer.say("OK\t1\tuser=Alice\n");
           (void)peer.request();
           peer.say("FAIL\t2\tuser=alice\ttemp\n");
           (void)peer.request();
           peer.say("FAIL\t3\tuser=alice\n");
           (void)peer.request();
           peer.say("OK\t4\n");
         }});
  const Verdict right = log_in("x");
  EXPECT_EQ(right.kind, Kind::accepted);
  EXPECT_EQ(right.user, "alice");
  EXPECT_EQ(log_in("x").kind, Kind::unavailable);
  const Verdict wrong = log_in("x");
  EXPECT_EQ(wrong.kind, Kind::wrong);
  EXPECT_EQ(wrong.tried, "alice");
  EXPECT_EQ(log_in("x").kind, Kind::unavailable) << "an OK for nobody";
}

TEST_F(DovecotAuthenticatorTest, ErrorChallengeOfOauthGoesToTheClientAndItsAnswerBack) {
  serve({look, [](Peer& peer) {
           EXPECT_TRUE(peer.request().starts_with("AUTH\t1\tOAUTHBEARER\t"));
           peer.say("CONT\t1\te30=\n");
           EXPECT_EQ(peer.request(), "CONT\t1\tAQ==");
           peer.say("FAIL\t1\tuser=alice\n");
         }});
  const auto exchange = authenticator_->begin("oauthbearer", login());
  const auto challenge = step(*exchange,
                              "n,,\x01"
                              "auth=Bearer x\x01\x01");
  ASSERT_TRUE(std::holds_alternative<AuthExchange::Challenge>(challenge));
  EXPECT_EQ(std::get<AuthExchange::Challenge>(challenge).text, "{}");
  EXPECT_EQ(std::get<Verdict>(step(*exchange, "\x01")).kind, Kind::wrong);
}

TEST_F(DovecotAuthenticatorTest, ServerThatWentAwayIsTemporaryAndTheNextLogInConnectsAnew) {
  serve({look, [](Peer& peer) { (void)peer.request(); },
         [](Peer& peer) {
           (void)peer.request();
           peer.say("OK\t1\tuser=alice\n");
         }});
  EXPECT_EQ(log_in("x").kind, Kind::unavailable);
  EXPECT_EQ(log_in("x").kind, Kind::accepted);
}

TEST_F(DovecotAuthenticatorTest, FailuresCountAndClientsWithTooManyAreRefusedUnasked) {
  serve({look, [](Peer& peer) {
           for (int id = 1; id <= 2; ++id) {
             (void)peer.request();
             peer.say("FAIL\t" + std::to_string(id) + "\tuser=alice\n");
           }
         }});
  EXPECT_EQ(log_in("x").kind, Kind::wrong);
  EXPECT_EQ(log_in("x").kind, Kind::wrong);
  EXPECT_EQ(log_in("x").kind, Kind::throttled);
}

TEST_F(DovecotAuthenticatorTest, CancelledSessionLeavesTheConnectionToTheOthers) {
  CancelSource other;
  serve({look, [this, &other](Peer& peer) {
           (void)peer.request();
           loop_.post([&other] { other.cancel(); });
           EXPECT_EQ(peer.request(), "CANCEL\t1");
           (void)peer.request();
           peer.say("FAIL\t1\tuser=mallory\nOK\t2\tuser=alice\n");
         }});
  LoginContext cut{.loop = loop_,
                   .cancel = other,
                   .remote = remote_,
                   .local = local_,
                   .dovecot = connections_,
                   .session_id = "5f-2",
                   .encrypted = true};
  const auto exchange = authenticator_->begin("PLAIN", cut);
  EXPECT_EQ(std::get<Verdict>(step(*exchange, "x")).kind, Kind::unavailable);
  EXPECT_EQ(log_in("x").kind, Kind::accepted);
}

TEST_F(DovecotAuthenticatorTest, ResponseThatWouldBreakTheConnectionIsRefused) {
  serve({look});
  const auto exchange = authenticator_->begin("PLAIN", login());
  const auto refused = step(*exchange, std::string(6000, 'x'));
  EXPECT_EQ(std::get<smtp::Reply>(refused).code, 500);
}

TEST_F(DovecotAuthenticatorTest, WithoutAServerPlainAndLoginAreOfferedAndAnsweredTemporary) {
  AuthSettings settings;
  settings.dovecot_socket = path_;
  authenticator_ = make_dovecot_authenticator(settings);
  EXPECT_EQ(authenticator_->mechanisms(login()), (std::vector<std::string>{"PLAIN", "LOGIN"}));
  EXPECT_EQ(log_in("x").kind, Kind::unavailable);
}

}  // namespace
}  // namespace sekisho::auth
