// TLS between two streams of our own. What only a foreign peer does is in tls_peer_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

using ::testing::HasSubstr;
using TlsStreamTest = TlsTest;

TEST_F(TlsStreamTest, HandshakeTellsBothSidesWhatWasAgreed) {
  open(tcp_pair());
  EXPECT_EQ(ours_->tls(), nullptr);
  const auto [server, client] = handshake(client_, "localhost");
  ASSERT_TRUE(server) << server.error().text;
  ASSERT_TRUE(client) << client.error().text;
  ASSERT_NE(ours_->tls(), nullptr);
  EXPECT_EQ(ours_->tls()->version, "TLSv1.3");
  EXPECT_EQ(ours_->tls()->cipher, theirs_->tls()->cipher);
  EXPECT_EQ(ours_->tls()->server_name, "localhost");
  EXPECT_FALSE(ours_->tls()->peer_verified);
  EXPECT_EQ(theirs_->tls()->version, "TLSv1.3");
  EXPECT_EQ(theirs_->tls()->server_name, "localhost");
  EXPECT_TRUE(theirs_->tls()->peer_verified);
}

// RFC 9266: both ends have the same value for one connection, and nobody has it for another.
TEST_F(TlsStreamTest, BothSidesHaveTheChannelBindingOfTheirConnection) {
  std::string before;
  for (int i = 0; i < 2; ++i) {
    open(tcp_pair());
    const auto [server, client] = handshake(client_, "localhost");
    ASSERT_TRUE(server && client);
    const std::string& binding = ours_->tls()->channel_binding;
    EXPECT_EQ(binding.size(), 32U);
    EXPECT_EQ(binding, theirs_->tls()->channel_binding);
    EXPECT_NE(binding, before);
    before = binding;
  }
}

TEST_F(TlsStreamTest, ThereIsNoChannelBindingBeforeTls13) {
  auto old = must(TlsContext::client(true, certificate_.ca_file()));
  ASSERT_EQ(SSL_CTX_set_max_proto_version(old->native(), TLS1_2_VERSION), 1);
  open(tcp_pair());
  const auto [server, client] = handshake(old, "localhost");
  ASSERT_TRUE(server && client);
  EXPECT_EQ(ours_->tls()->version, "TLSv1.2");
  EXPECT_EQ(ours_->tls()->channel_binding, "");
  EXPECT_EQ(theirs_->tls()->channel_binding, "");
}

TEST_F(TlsStreamTest, VerifiesAnAddressAndDoesNotSendItAsAName) {
  open(tcp_pair());
  const auto [server, client] = handshake(client_, "127.0.0.1");
  ASSERT_TRUE(client) << client.error().text;
  EXPECT_EQ(ours_->tls()->server_name, "");
  EXPECT_TRUE(theirs_->tls()->peer_verified);
}

TEST_F(TlsStreamTest, ADotAtTheEndOfTheNameDoesNotMatter) {
  open(tcp_pair());
  const auto [server, client] = handshake(client_, "localhost.");
  ASSERT_TRUE(client) << client.error().text;
  EXPECT_EQ(ours_->tls()->server_name, "localhost");
}

TEST_F(TlsStreamTest, RefusesAnotherName) {
  for (const std::string_view name :
       {"mx.example.org", "127.0.0.2", "local", "localhost.example"}) {
    open(tcp_pair());
    const auto [server, client] = handshake(client_, name);
    ASSERT_FALSE(client) << name;
    EXPECT_EQ(client.error().kind, ErrorKind::protocol);
    EXPECT_THAT(client.error().text, HasSubstr("certificate of " + std::string(name) + " refused"));
    EXPECT_THAT(client.error().text, HasSubstr("mismatch"));
    EXPECT_EQ(theirs_->tls(), nullptr);
  }
}

TEST_F(TlsStreamTest, TheServerLearnsThatItsCertificateWasRefused) {
  open(tcp_pair());
  const auto [server, client] = handshake(client_, "mx.example.org");
  ASSERT_FALSE(client);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::protocol);
  EXPECT_THAT(server.error().text, HasSubstr("alert"));
}

TEST_F(TlsStreamTest, RefusesAnUnknownAuthority) {
  const TestCertificate other;
  open(tcp_pair());
  const auto [server, client] =
      handshake(must(TlsContext::client(true, other.ca_file())), "localhost");
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().text, HasSubstr("certificate of localhost refused"));
}

TEST_F(TlsStreamTest, RefusesAnExpiredCertificate) {
  TestCertificate::Options past;
  past.valid_from = std::chrono::hours(-48);
  past.valid_until = std::chrono::hours(-24);
  const TestCertificate expired({"localhost"}, past);
  server_ = must(TlsContext::server(expired.certificate_file(), expired.key_file()));
  open(tcp_pair());
  const auto [server, client] =
      handshake(must(TlsContext::client(true, expired.ca_file())), "localhost");
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().text, HasSubstr("expired"));
}

TEST_F(TlsStreamTest, TakesAnyCertificateWhenNotToldToVerify) {
  open(tcp_pair());
  const auto [server, client] = handshake(careless_, "mx.example.org");
  ASSERT_TRUE(client) << client.error().text;
  EXPECT_EQ(ours_->tls()->server_name, "mx.example.org");
  EXPECT_FALSE(theirs_->tls()->peer_verified);
}

TEST_F(TlsStreamTest, VerifyingWithoutANameIsRefused) {
  open(tcp_pair());
  const auto client = loop_.run_until_done(theirs_->start_tls(client_, "", soon()));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, ErrorKind::invalid);
}

TEST_F(TlsStreamTest, ASecondStartIsRefused) {
  open_tls(tcp_pair());
  const auto again = loop_.run_until_done(ours_->start_tls(server_, "", soon()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::invalid);
}

TEST_F(TlsStreamTest, PassesTenMegabytesEachWay) {
  open_tls(tcp_pair());
  const std::string text = pattern(10 << 20);
  for (const std::size_t piece : {std::size_t{65536}, std::size_t{5000}}) {
    for (ByteStream* from : {ours_.get(), theirs_.get()}) {
      ByteStream& to = from == ours_.get() ? *theirs_ : *ours_;
      const auto [sent, got] =
          run_both(loop_, from->write_all(text, soon()), read_exactly(to, text.size(), piece));
      ASSERT_TRUE(sent) << sent.error().text;
      ASSERT_TRUE(got) << got.error().text;
      EXPECT_TRUE(*got == text);
    }
  }
}

TEST_F(TlsStreamTest, ReadsByteByByte) {
  open_tls(tcp_pair());
  const std::string text = pattern(40000);  // more than two records
  const auto [sent, got] =
      run_both(loop_, theirs_->write_all(text, soon()), read_exactly(*ours_, text.size(), 1));
  EXPECT_EQ(got, text);
}

Task<Result<void>> pump(ByteStream& from, ByteStream& to) {
  std::array<char, 1> byte{};
  while (true) {
    const auto got = co_await from.read_some(byte, soon());
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return Result<void>{};
    if (auto sent = co_await to.write_all(std::string_view(byte.data(), 1), soon()); !sent) {
      co_return sent;
    }
  }
}

Task<void> pump_quietly(ByteStream& from, ByteStream& to) {
  static_cast<void>(co_await pump(from, to));
}

TEST_F(TlsStreamTest, WorksThoughEveryByteArrivesAlone) {
  const FdPair left = unix_pair();
  const FdPair right = unix_pair();
  open({left.ours, right.ours});
  CancelSource stop;
  const auto near = make_socket_stream(loop_, left.theirs, stop);
  const auto far = make_socket_stream(loop_, right.theirs, stop);
  // Two more streams on copies of the descriptors: one direction each.
  const auto near_back = make_socket_stream(loop_, ::dup(left.theirs), stop);
  const auto far_back = make_socket_stream(loop_, ::dup(right.theirs), stop);
  spawn(pump_quietly(*near, *far_back));
  spawn(pump_quietly(*far, *near_back));

  const auto [server, client] = handshake(client_, "localhost");
  ASSERT_TRUE(server) << server.error().text;
  ASSERT_TRUE(client) << client.error().text;
  const std::string text = pattern(20000);
  const auto [sent, got] =
      run_both(loop_, theirs_->write_all(text, soon()), read_exactly(*ours_, text.size(), 4096));
  EXPECT_EQ(got, text);
  stop.cancel();
  event_base_loop(loop_.base(), EVLOOP_NONBLOCK);
}

TEST_F(TlsStreamTest, WriteUntilInputStopsWaitingWhenThePeerSpeaks) {
  open_tls(tcp_pair());
  const std::string much(64 << 20, 'x');
  auto speak = [](ByteStream& stream) -> Task<Result<void>> {
    co_return co_await stream.write_all("552 too big\r\n", soon());
  };
  const auto [sent, spoken] =
      run_both(loop_, ours_->write_until_input(much, Deadline::in(1h)), speak(*theirs_));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::protocol);
  EXPECT_EQ(read(*ours_, 13), "552 too big\r\n");
  EXPECT_EQ(write(*ours_, "x").error().kind, ErrorKind::closed);
}

TEST_F(TlsStreamTest, WriteUntilInputTakesNoSessionTicketForInput) {
  open_tls(tcp_pair());  // the client has not read the tickets yet
  const auto sent = loop_.run_until_done(
      theirs_->write_until_input(std::string(64 << 20, 'x'), Deadline::in(50ms)));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::timeout);
}

TEST_F(TlsStreamTest, CloseIsReadAsTheEndAfterTheLastBytes) {
  open_tls(tcp_pair());
  ASSERT_TRUE(write(*ours_, "221 bye\r\n"));
  auto close = [](ByteStream& stream) -> Task<bool> {
    co_await stream.close(soon());
    co_return true;
  };
  auto read_all = [](ByteStream& stream) -> Task<Result<std::string>> {
    auto got = co_await read_to_end(stream);
    co_await stream.close(soon());
    co_return got;
  };
  const auto [closed, got] = run_both(loop_, close(*ours_), read_all(*theirs_));
  EXPECT_EQ(got, "221 bye\r\n");
}

TEST_F(TlsStreamTest, ADirtyEndIsAnEnd) {
  const FdPair pair = tcp_pair();
  open_tls(pair);
  ASSERT_TRUE(write(*theirs_, "last"));
  ASSERT_EQ(::shutdown(pair.theirs, SHUT_WR), 0);
  const auto got = loop_.run_until_done(read_to_end(*ours_));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(*got, "last");
  loop_.run_until_done(ours_->close(Deadline::in(50ms)));
}

TEST_F(TlsStreamTest, APeerThatStoppedSendingStillGetsItsReply) {
  const FdPair pair = tcp_pair();
  open_tls(pair);
  ASSERT_TRUE(write(*theirs_, "QUIT\r\n"));
  ASSERT_EQ(::shutdown(pair.theirs, SHUT_WR), 0);
  EXPECT_EQ(loop_.run_until_done(read_to_end(*ours_)), "QUIT\r\n");
  ASSERT_TRUE(write(*ours_, "221 bye\r\n"));
  loop_.run_until_done(ours_->close(soon()));
  EXPECT_EQ(loop_.run_until_done(read_to_end(*theirs_)), "221 bye\r\n");
}

TEST_F(TlsStreamTest, NothingGoesOutAfterAFailedStart) {
  open(tcp_pair());
  ASSERT_FALSE(loop_.run_until_done(theirs_->start_tls(client_, "", soon())));
  const auto sent = write(*theirs_, "AUTH PLAIN c2VjcmV0\r\n");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::closed);
  EXPECT_FALSE(ours_->readable_now());
}

TEST_F(TlsStreamTest, AResetIsClosed) {
  const FdPair pair = tcp_pair();
  open_tls(pair);
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(pair.theirs, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
  theirs_.reset();
  const auto got = read(*ours_, 1);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::closed);
  loop_.run_until_done(ours_->close(soon()));
}

TEST_F(TlsStreamTest, WriteToAPeerThatLeftIsAnErrorAndNoSignal) {
  open_tls(tcp_pair());
  // Without the session ticket in its socket the peer ends instead of resetting: then a second
  // write, after the reset that answers the first, is what would raise SIGPIPE.
  EXPECT_FALSE(theirs_->readable_now());
  theirs_.reset();
  const auto sent = write(*ours_, std::string(64 << 20, 'x'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::closed);
  loop_.run_until_done(ours_->close(soon()));
}

TEST_F(TlsStreamTest, ReadTimesOutAndTheStreamGoesOn) {
  open_tls(tcp_pair());
  std::array<char, 16> into{};
  const auto late = loop_.run_until_done(ours_->read_some(into, Deadline::in(5ms)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  ASSERT_TRUE(write(*theirs_, "late"));
  EXPECT_EQ(read(*ours_, 4), "late");
}

TEST_F(TlsStreamTest, CancelEndsAPendingReadAndWrite) {
  open_tls(tcp_pair());
  loop_.post([this] { cancel_.cancel(); });
  EXPECT_EQ(read(*ours_, 1).error().kind, ErrorKind::cancelled);
  loop_.post([this] { peer_cancel_.cancel(); });
  EXPECT_EQ(write(*theirs_, std::string(64 << 20, 'x')).error().kind, ErrorKind::cancelled);
  loop_.run_until_done(theirs_->close(Deadline::never()));
}

TEST_F(TlsStreamTest, HandshakeTimesOutOnAMutePeer) {
  open(tcp_pair());
  const auto server = loop_.run_until_done(ours_->start_tls(server_, "", Deadline::in(20ms)));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::timeout);
  loop_.run_until_done(ours_->close(Deadline::in(1ms)));
}

TEST_F(TlsStreamTest, HandshakeStopsWhenCancelled) {
  open(tcp_pair());
  loop_.post([this] { cancel_.cancel(); });
  const auto server = loop_.run_until_done(ours_->start_tls(server_, "", soon()));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::cancelled);
}

TEST_F(TlsStreamTest, HandshakeWithAPeerThatLeavesIsClosed) {
  open(tcp_pair());
  theirs_.reset();
  const auto server = loop_.run_until_done(ours_->start_tls(server_, "", soon()));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::closed);
}

TEST_F(TlsStreamTest, PlainTextBeforeTheHandshakeMakesItFail) {
  for (const std::string_view injected : {"EHLO evil\r\n", "\r\n", "x"}) {
    open(tcp_pair());
    ASSERT_TRUE(write(*theirs_, injected));
    // OpenSSL sends no alert to what is not TLS at all, so the client would wait.
    const auto [server, client] =
        run_both(loop_, ours_->start_tls(server_, "", soon()),
                 theirs_->start_tls(client_, "localhost", Deadline::in(50ms)));
    ASSERT_FALSE(server) << injected;
    EXPECT_EQ(server.error().kind, ErrorKind::protocol);
    EXPECT_EQ(ours_->tls(), nullptr);
  }
}

TEST_F(TlsStreamTest, PlainTextAfterTheHandshakeIsAnErrorAndCloseIsSafe) {
  const FdPair pair = tcp_pair();
  open_tls(pair);
  ASSERT_EQ(::send(pair.theirs, "QUIT\r\nQUIT\r\n", 12, 0), 12);
  const auto got = read(*ours_, 1);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::protocol);
  EXPECT_TRUE(ours_->readable_now());
  loop_.run_until_done(ours_->close(Deadline::in(1ms)));
}

TEST_F(TlsStreamTest, AFailureOfOneStreamIsNotSeenByAnother) {
  open_tls(tcp_pair());
  const FdPair other = tcp_pair();
  const auto victim = make_socket_stream(loop_, other.ours, cancel_);
  ASSERT_EQ(::send(other.theirs, "garbage\r\n", 9, 0), 9);
  EXPECT_FALSE(loop_.run_until_done(victim->start_tls(server_, "", soon())));
  ::close(other.theirs);
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_PACKET);  // and somebody who left his errors lying about
  const auto [sent, got] = run_both(loop_, theirs_->write_all("fine", soon()),
                                    read_exactly(*ours_, 4, 4));  // which has to wait
  EXPECT_EQ(got, "fine");
  EXPECT_FALSE(ours_->readable_now());
}

TEST_F(TlsStreamTest, SessionTicketsAreNotInputButDataAndTheEndAre) {
  open_tls(tcp_pair());
  // The server's session ticket waits in the client's socket.
  EXPECT_FALSE(theirs_->readable_now());
  EXPECT_FALSE(ours_->readable_now());
  ASSERT_TRUE(write(*ours_, "421 idle\r\n"));
  EXPECT_TRUE(theirs_->readable_now());
  EXPECT_EQ(read(*theirs_, 4), "421 ");
  EXPECT_TRUE(theirs_->readable_now());  // now inside OpenSSL
  EXPECT_EQ(read(*theirs_, 6), "idle\r\n");
  EXPECT_FALSE(theirs_->readable_now());
  cancel_.cancel();
  loop_.run_until_done(ours_->close(Deadline::in(1ms)));
  EXPECT_TRUE(theirs_->readable_now());
  EXPECT_TRUE(theirs_->readable_now());
  EXPECT_EQ(read(*theirs_, 1), "");
}

}  // namespace
}  // namespace sekisho::test
