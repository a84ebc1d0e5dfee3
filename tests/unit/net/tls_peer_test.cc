// Our side of TLS against a peer that does what our own streams never do, driven by OpenSSL alone.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

using ::testing::HasSubstr;

// A blocking OpenSSL client on a descriptor, for a thread of its own.
class ForeignClient {
 public:
  explicit ForeignClient(int fd) : fd_(fd) {
    // Weaker than any system's default, to see what our side refuses by itself.
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
  }
  ~ForeignClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(fd_);
  }
  ForeignClient(const ForeignClient&) = delete;
  ForeignClient& operator=(const ForeignClient&) = delete;

  SSL_CTX* context() { return context_; }
  SSL* ssl() { return ssl_; }
  bool connect() {
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    return SSL_connect(ssl_) == 1;
  }
  bool write(std::string_view text) {
    return SSL_write(ssl_, text.data(), static_cast<int>(text.size())) ==
           static_cast<int>(text.size());
  }

 private:
  int fd_;
  SSL_CTX* context_ = SSL_CTX_new(TLS_client_method());
  SSL* ssl_ = nullptr;
};

class TlsPeerTest : public TlsTest {
 protected:
  // Runs our handshake while the thread does its part; our result.
  Result<void> handshake_with(ForeignClient& client) {
    std::thread peer([&client] { client.connect(); });
    auto result = loop_.run_until_done(ours_->start_tls(server_, "", soon()));
    if (!result) loop_.run_until_done(ours_->close(Deadline::in(5ms)));
    peer.join();
    return result;
  }
  ForeignClient& start() {
    const FdPair pair = tcp_pair();
    ours_ = make_socket_stream(loop_, pair.ours, cancel_);
    client_peer_ = std::make_unique<ForeignClient>(pair.theirs);
    return *client_peer_;
  }
  std::unique_ptr<ForeignClient> client_peer_;
};

TEST_F(TlsPeerTest, RefusesWhatIsOlderThanTls12) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    ForeignClient& client = start();
    SSL_CTX_set_max_proto_version(client.context(), version);
    const auto result = handshake_with(client);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::protocol);
    EXPECT_THAT(result.error().text, HasSubstr("unsupported protocol"));
  }
}

TEST_F(TlsPeerTest, RefusesCiphersOfTheLastCentury) {
  for (const char* cipher : {"AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES256-GCM-SHA384",
                             "DHE-RSA-AES128-GCM-SHA256", "aNULL", "eNULL"}) {
    ForeignClient& client = start();
    SSL_CTX_set_max_proto_version(client.context(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_cipher_list(client.context(), cipher), 1) << cipher;
    EXPECT_FALSE(handshake_with(client)) << cipher;
  }
}

TEST_F(TlsPeerTest, SpeaksTls12) {
  ForeignClient& client = start();
  SSL_CTX_set_max_proto_version(client.context(), TLS1_2_VERSION);
  const auto result = handshake_with(client);
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(ours_->tls()->version, "TLSv1.2");
  EXPECT_THAT(ours_->tls()->cipher, HasSubstr("ECDHE-ECDSA-"));
}

TEST_F(TlsPeerTest, RefusesRenegotiation) {
  ForeignClient& client = start();
  SSL_CTX_set_max_proto_version(client.context(), TLS1_2_VERSION);
  ASSERT_TRUE(handshake_with(client));
  bool renegotiated = true;
  std::thread peer([&] {
    SSL_renegotiate(client.ssl());
    renegotiated = SSL_do_handshake(client.ssl()) == 1;
    ::shutdown(SSL_get_fd(client.ssl()), SHUT_RDWR);
  });
  // Whether our side sees an end or an alert is the peer's choice; it must see no data.
  const auto got = read(*ours_, 1);
  peer.join();
  EXPECT_FALSE(renegotiated);
  EXPECT_TRUE(!got || got->empty());
}

TEST_F(TlsPeerTest, FollowsAKeyUpdate) {
  ForeignClient& client = start();
  ASSERT_TRUE(handshake_with(client));
  std::thread peer([&] {
    client.write("before ");
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    client.write("after");
  });
  EXPECT_EQ(read(*ours_, 12), "before after");
  peer.join();
  ASSERT_TRUE(write(*ours_, "250 ok\r\n"));
  std::array<char, 64> reply{};
  EXPECT_EQ(SSL_read(client.ssl(), reply.data(), 64), 8);
}

TEST_F(TlsPeerTest, RecordsWithoutDataDoNotKeepOtherSessionsWaiting) {
  ForeignClient& client = start();
  ASSERT_TRUE(handshake_with(client));
  // 3,000 key updates are in our socket before we look.
  std::thread peer([&] {
    for (int i = 0; i < 3000; ++i) {
      SSL_key_update(client.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
      if (SSL_do_handshake(client.ssl()) != 1) return;
    }
    client.write("x");
  });
  peer.join();
  int turns = 0;
  bool done = false;
  auto count = [](Loop& loop, CancelSource& cancel, int& out, const bool& end) -> Task<bool> {
    while (!end) {
      ++out;
      static_cast<void>(co_await loop.sleep_until(Deadline::in(0s), cancel));
    }
    co_return true;
  };
  auto take = [](ByteStream& stream, bool& end) -> Task<Result<std::string>> {
    auto got = co_await read_exactly(stream, 1, 1);
    end = true;
    co_return got;
  };
  const auto [counted, got] =
      run_both(loop_, count(loop_, peer_cancel_, turns, done), take(*ours_, done));
  EXPECT_TRUE(!got || got == "x");
  EXPECT_GT(turns, 1);
}

TEST_F(TlsPeerTest, HandshakesOneAfterTheOtherWithResumption) {
  ForeignClient& first = start();
  SSL_CTX_set_max_proto_version(first.context(), TLS1_2_VERSION);
  ASSERT_TRUE(handshake_with(first));
  SSL_SESSION* const session = SSL_get1_session(first.ssl());
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(SSL_SESSION_has_ticket(session), 1);
  SSL_SESSION_free(session);
}

}  // namespace
}  // namespace sekisho::test
