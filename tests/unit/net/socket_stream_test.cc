#include "gateway/net/socket_stream.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/net/exhaustion.h"
#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

using SocketStreamTest = StreamTest;

TEST_F(SocketStreamTest, SetsTheOptionsOfItsSocket) {
  const FdPair pair = tcp_pair();
  open(pair);
  EXPECT_TRUE(::fcntl(pair.ours, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(pair.ours, F_GETFD) & FD_CLOEXEC);
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  ASSERT_EQ(::getsockopt(pair.ours, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
}

TEST_F(SocketStreamTest, ReadsWhatThePeerWritesAndThenItsEnd) {
  open(tcp_pair());
  ASSERT_TRUE(write(*theirs_, "EHLO x\r\n"));
  EXPECT_EQ(read(*ours_, 8), "EHLO x\r\n");
  theirs_.reset();
  EXPECT_EQ(read(*ours_, 1), "");
  EXPECT_EQ(read(*ours_, 1), "");
}

TEST_F(SocketStreamTest, PassesTenMegabytesEachWay) {
  open(tcp_pair());
  const std::string text = pattern(10 << 20);
  for (ByteStream* from : {ours_.get(), theirs_.get()}) {
    ByteStream& to = from == ours_.get() ? *theirs_ : *ours_;
    const auto [sent, got] =
        run_both(loop_, from->write_all(text, soon()), read_exactly(to, text.size(), 65536));
    ASSERT_TRUE(sent) << sent.error().text;
    EXPECT_EQ(got, text);
  }
}

TEST_F(SocketStreamTest, ReadTimesOutAndTheStreamGoesOn) {
  open(unix_pair());
  const TimePoint begin = Clock::now();
  std::array<char, 16> into{};
  const auto late = loop_.run_until_done(ours_->read_some(into, Deadline::at(begin + 20ms)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  EXPECT_GE(Clock::now() - begin, 20ms);
  ASSERT_TRUE(write(*theirs_, "late"));
  EXPECT_EQ(read(*ours_, 4), "late");
}

TEST_F(SocketStreamTest, ReadWithAPassedDeadlineTakesWhatIsThere) {
  open(unix_pair());
  ASSERT_TRUE(write(*theirs_, "x"));
  std::array<char, 16> into{};
  const Deadline passed = Deadline::at(Clock::now() - 1s);
  EXPECT_EQ(loop_.run_until_done(ours_->read_some(into, passed)), std::size_t{1});
  const auto late = loop_.run_until_done(ours_->read_some(into, passed));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
}

TEST_F(SocketStreamTest, WriteTimesOutWhenThePeerDoesNotRead) {
  open(tcp_pair());
  const std::string much(64 << 20, 'x');
  const auto sent = loop_.run_until_done(ours_->write_all(much, Deadline::in(20ms)));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::timeout);
}

TEST_F(SocketStreamTest, CancelEndsAPendingRead) {
  open(unix_pair());
  loop_.post([this] { cancel_.cancel(); });
  const auto got = read(*ours_, 1);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::cancelled);
}

TEST_F(SocketStreamTest, CancelEndsAPendingWrite) {
  open(tcp_pair());
  loop_.post([this] { cancel_.cancel(); });
  const auto sent = write(*ours_, std::string(64 << 20, 'x'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::cancelled);
}

TEST_F(SocketStreamTest, AfterCancelEveryWaitFailsButWhatNeedsNoneWorks) {
  open(unix_pair());
  cancel_.cancel();
  EXPECT_TRUE(write(*ours_, "421 going down\r\n"));
  EXPECT_EQ(read(*theirs_, 16), "421 going down\r\n");
  const auto got = read(*ours_, 1);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::cancelled);
}

Task<void> read_one(ByteStream& stream, bool& done) {
  static_cast<void>(co_await read_exactly(stream, 1, 1));
  done = true;
}

TEST_F(SocketStreamTest, CancelDoesNotResumeOnItsOwnStack) {
  open(unix_pair());
  bool done = false;
  bool done_within_cancel = true;
  spawn(read_one(*ours_, done));
  loop_.post([&] {
    cancel_.cancel();
    done_within_cancel = done;
    loop_.post([this] { loop_.stop(); });
  });
  loop_.run();
  EXPECT_FALSE(done_within_cancel);
  EXPECT_TRUE(done);
}

TEST_F(SocketStreamTest, WriteToAPeerThatLeftIsAnErrorAndNoSignal) {
  open(tcp_pair());
  theirs_.reset();
  const auto sent = write(*ours_, std::string(64 << 20, 'x'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::closed);
}

TEST_F(SocketStreamTest, AfterAFailedWriteThePeersLastWordsCanBeReadAndNothingWritten) {
  for (const bool reset : {false, true}) {
    const FdPair pair = tcp_pair();
    open(pair);
    ASSERT_TRUE(write(*theirs_, "552 too big\r\n"));
    const linger now{.l_onoff = reset ? 1 : 0, .l_linger = 0};
    ASSERT_EQ(::setsockopt(pair.theirs, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    theirs_.reset();
    const auto sent = write(*ours_, std::string(64 << 20, 'x'));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::closed);
    EXPECT_EQ(read(*ours_, 13), "552 too big\r\n");
    EXPECT_EQ(write(*ours_, "x").error().kind, ErrorKind::closed);
  }
}

TEST_F(SocketStreamTest, AfterAWriteThatTimedOutThePeerCanBeHeardAndNothingWritten) {
  open(tcp_pair());
  ASSERT_FALSE(
      loop_.run_until_done(ours_->write_all(std::string(64 << 20, 'x'), Deadline::in(20ms))));
  ASSERT_TRUE(write(*theirs_, "552 too big\r\n"));
  EXPECT_EQ(read(*ours_, 13), "552 too big\r\n");
  EXPECT_EQ(write(*ours_, "x").error().kind, ErrorKind::closed);
}

TEST_F(SocketStreamTest, WriteUntilInputStopsWaitingWhenThePeerSpeaksOrLeaves) {
  const std::string much(64 << 20, 'x');
  auto speak = [](ByteStream& stream) -> Task<Result<void>> {
    co_return co_await stream.write_all("552 too big\r\n", soon());
  };
  open(tcp_pair());
  const auto [sent, spoken] =
      run_both(loop_, ours_->write_until_input(much, Deadline::in(1h)), speak(*theirs_));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::protocol);
  EXPECT_EQ(read(*ours_, 13), "552 too big\r\n");
  EXPECT_EQ(write(*ours_, "x").error().kind, ErrorKind::closed);

  const FdPair pair = tcp_pair();
  open(pair);
  ASSERT_EQ(::shutdown(pair.theirs, SHUT_WR), 0);
  const auto unheard = loop_.run_until_done(ours_->write_until_input(much, Deadline::in(1h)));
  ASSERT_FALSE(unheard);
  EXPECT_EQ(read(*ours_, 1), "");
}

TEST_F(SocketStreamTest, WriteUntilInputSendsAllToAPeerThatOnlyListens) {
  open(tcp_pair());
  const std::string text = pattern(10 << 20);
  const auto [sent, got] = run_both(loop_, ours_->write_until_input(text, soon()),
                                    read_exactly(*theirs_, text.size(), 65536));
  EXPECT_TRUE(sent);
  EXPECT_EQ(got, text);
}

TEST_F(SocketStreamTest, AResetIsClosed) {
  const FdPair pair = tcp_pair();
  open(pair);
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(pair.theirs, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
  theirs_.reset();
  const auto got = read(*ours_, 1);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::closed);
  loop_.run_until_done(ours_->close(soon()));
}

TEST_F(SocketStreamTest, CloseDeliversTheLastReplyAlthoughInputIsUnread) {
  open(tcp_pair());
  ASSERT_TRUE(write(*theirs_, std::string(100000, 'x')));
  ASSERT_TRUE(write(*ours_, "554 go away\r\n"));
  // A client that sends its message before it reads: a reset would fail its write, and it would
  // never see the reply.
  auto read_then_close = [](ByteStream& stream) -> Task<Result<std::string>> {
    const std::string rest(500000, 'y');
    if (auto sent = co_await stream.write_all(rest, soon()); !sent) {
      co_return std::unexpected(sent.error());
    }
    auto got = co_await read_to_end(stream);
    co_await stream.close(soon());
    co_return got;
  };
  auto close = [](ByteStream& stream) -> Task<bool> {
    co_await stream.close(soon());
    co_return true;
  };
  const auto [got, closed] = run_both(loop_, read_then_close(*theirs_), close(*ours_));
  EXPECT_EQ(got, "554 go away\r\n");
}

TEST_F(SocketStreamTest, CloseWaitsNoLongerThanItsDeadline) {
  open(tcp_pair());
  const TimePoint begin = Clock::now();
  loop_.run_until_done(ours_->close(Deadline::in(20ms)));
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(read(*theirs_, 1), "");
}

TEST_F(SocketStreamTest, CloseOfACancelledStreamDoesNotWait) {
  open(tcp_pair());
  cancel_.cancel();
  loop_.run_until_done(ours_->close(Deadline::never()));
  EXPECT_EQ(read(*theirs_, 1), "");
}

Task<Result<void>> flood(ByteStream& stream, const bool& stop) {
  const std::string chunk(65536, 'x');
  while (!stop) {
    if (auto sent = co_await stream.write_all(chunk, soon()); !sent) co_return sent;
  }
  co_return Result<void>{};
}

Task<bool> close_and_tell(ByteStream& stream, bool& closed) {
  co_await stream.close(Deadline::in(1h));
  co_return closed = true;
}

TEST_F(SocketStreamTest, CloseDoesNotListenToAnEndlessSender) {
  open(tcp_pair());
  bool closed = false;
  const auto [done, sent] =
      run_both(loop_, close_and_tell(*ours_, closed), flood(*theirs_, closed));
  EXPECT_TRUE(done);
}

TEST_F(SocketStreamTest, AClosedStreamIsAtItsEnd) {
  open(unix_pair());
  theirs_.reset();
  loop_.run_until_done(ours_->close(soon()));
  loop_.run_until_done(ours_->close(soon()));
  EXPECT_TRUE(ours_->readable_now());
  EXPECT_EQ(write(*ours_, "x").error().kind, ErrorKind::closed);
  EXPECT_EQ(read(*ours_, 1).error().kind, ErrorKind::closed);
}

Task<Result<int>> take_bytes(ByteStream& stream, int count, Deadline deadline,
                             std::vector<char>& order, char mark) {
  int taken = 0;
  std::array<char, 1> byte{};
  for (; taken < count; ++taken) {
    const auto got = co_await stream.read_some(byte, deadline);
    if (!got) {
      if (taken > 0 && got.error().kind == ErrorKind::timeout) co_return taken;
      co_return std::unexpected(got.error());
    }
  }
  order.push_back(mark);
  co_return taken;
}

TEST_F(SocketStreamTest, AStreamThatNeverHasToWaitLetsOthersRun) {
  open(unix_pair());
  const FdPair other = unix_pair();
  const auto busy = make_socket_stream(loop_, other.ours, cancel_);
  const auto feeder = make_socket_stream(loop_, other.theirs, cancel_);
  ASSERT_TRUE(write(*feeder, std::string(1000, 'x')));
  ASSERT_TRUE(write(*theirs_, "yy"));
  std::vector<char> order;
  std::array<char, 1> byte{};
  ASSERT_TRUE(loop_.run_until_done(ours_->read_some(byte, soon())));
  ASSERT_TRUE(loop_.run_until_done(ours_->read_some(byte, soon())));
  // From here on `ours_` waits for its input, which arrives once `busy` is at work.
  auto feed_then_take = [](ByteStream& from, ByteStream& stream,
                           std::vector<char>& out) -> Task<Result<int>> {
    static_cast<void>(co_await from.write_all("z", soon()));
    co_return co_await take_bytes(stream, 1000, soon(), out, 'b');
  };
  const auto [quiet, loud] = run_both(loop_, feed_then_take(*theirs_, *busy, order),
                                      take_bytes(*ours_, 1, soon(), order, 'q'));
  EXPECT_EQ(order, (std::vector<char>{'q', 'b'}));
}

TEST_F(SocketStreamTest, ADeadlineEndsAReaderThatNeverHasToWait) {
  open(unix_pair());
  ASSERT_TRUE(write(*theirs_, std::string(1000, 'x')));
  std::vector<char> order;
  const auto taken =
      loop_.run_until_done(take_bytes(*ours_, 1000, Deadline::at(Clock::now() - 1s), order, 'x'));
  ASSERT_TRUE(taken) << taken.error().text;
  EXPECT_LT(*taken, 100);
}

TEST_F(SocketStreamTest, InputThatNobodyWaitsForDoesNotKeepTheLoopBusy) {
  open(unix_pair());
  const int watched_before = event_base_get_num_events(loop_.base(), EVENT_BASE_COUNT_ADDED);
  auto take_one = [](ByteStream& stream) -> Task<Result<std::string>> {
    co_return co_await read_exactly(stream, 1, 1);
  };
  const auto [got, sent] = run_both(loop_, take_one(*ours_), theirs_->write_all("yz", soon()));
  ASSERT_EQ(got, "y");  // "z" stays unread
  event_base_loop(loop_.base(), EVLOOP_NONBLOCK);
  EXPECT_EQ(event_base_get_num_events(loop_.base(), EVENT_BASE_COUNT_ADDED), watched_before);
  EXPECT_EQ(read(*ours_, 1), "z");
}

TEST_F(SocketStreamTest, KnowsWithoutReadingWhetherInputWaits) {
  open(tcp_pair());
  EXPECT_FALSE(ours_->readable_now());
  ASSERT_TRUE(write(*theirs_, "x"));
  EXPECT_TRUE(ours_->readable_now());
  EXPECT_EQ(read(*ours_, 1), "x");
  EXPECT_FALSE(ours_->readable_now());
  theirs_.reset();
  EXPECT_TRUE(ours_->readable_now());
}

class ConnectTest : public StreamTest {
 protected:
  // A bound socket; listening with a backlog unless it is negative.
  Endpoint bind(int backlog) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    auto* const native = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = Endpoint{IpAddress::v4({127, 0, 0, 1}), 0}.to_sockaddr(address);
    EXPECT_EQ(::bind(fd_, native, length), 0);
    if (backlog >= 0) EXPECT_EQ(::listen(fd_, backlog), 0);
    length = sizeof(address);
    EXPECT_EQ(::getsockname(fd_, native, &length), 0);
    return Endpoint::from_sockaddr(native, length);
  }
  Result<std::unique_ptr<ByteStream>> connect(const Endpoint& to, Deadline deadline = soon()) {
    return loop_.run_until_done(connect_socket(loop_, to, deadline, cancel_));
  }
  // With the backlog full the system answers no further connect at all.
  void fill(const Endpoint& to) {
    for (int i = 0; i < 2; ++i) {
      auto made = connect(to, Deadline::in(200ms));
      if (made) waiting_.push_back(std::move(*made));
    }
  }
  void TearDown() override {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd_ = -1;
  std::vector<std::unique_ptr<ByteStream>> waiting_;
};

TEST_F(ConnectTest, ReachesAListeningSocket) {
  const Endpoint address = bind(1);
  auto stream = connect(address);
  ASSERT_TRUE(stream) << stream.error().text;
  theirs_ = make_socket_stream(loop_, ::accept(fd_, nullptr, nullptr), peer_cancel_);
  ASSERT_TRUE(write(*theirs_, "220 hello\r\n"));
  EXPECT_EQ(read(**stream, 11), "220 hello\r\n");
}

TEST_F(ConnectTest, SaysWhoRefused) {
  const Endpoint address = bind(-1);
  const auto stream = connect(address);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(stream.error().text, "connect to " + address.to_string() + ": Connection refused");
}

TEST_F(ConnectTest, TimesOut) {
  const Endpoint address = bind(0);
  fill(address);
  const auto stream = connect(address, Deadline::in(20ms));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::timeout);
  EXPECT_EQ(stream.error().text, "connect to " + address.to_string() + ": timed out");
}

TEST_F(ConnectTest, StopsWhenCancelled) {
  const Endpoint address = bind(0);
  fill(address);
  loop_.post([this] { cancel_.cancel(); });
  const auto stream = connect(address);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::cancelled);
}

TEST(RefusedBySystem, TellsWhatWeRanOutOfFromWhatAPeerRefused) {
  for (const int ours : {EMFILE, ENFILE, ENOBUFS, ENOMEM})
    EXPECT_EQ(refused_by_system("connect", ours).kind, ErrorKind::limit) << ours;
  for (const int theirs : {ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EACCES})
    EXPECT_EQ(refused_by_system("connect", theirs).kind, ErrorKind::unavailable) << theirs;
}

}  // namespace
}  // namespace sekisho::test
