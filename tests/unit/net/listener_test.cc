#include "gateway/net/listener.h"

#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/net/socket_stream.h"

namespace sekisho {
namespace {

using ::testing::HasSubstr;

const Endpoint kAnyPort{IpAddress::v4({127, 0, 0, 1}), 0};

// A blocking client socket.
int dial(const Endpoint& to) {
  const int fd = ::socket(to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address{};
  const socklen_t length = to.to_sockaddr(address);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0) return fd;
  ::close(fd);
  return -1;
}

struct Accepted {
  int fd;
  Endpoint peer;
};

class ListenerTest : public ::testing::Test {
 protected:
  void listen(const Endpoint& at = kAnyPort) {
    const auto fd = open_listening_socket(at, 256);
    ASSERT_TRUE(fd) << fd.error().text;
    listener_ = std::make_unique<Listener>(
        loop_, *fd,
        [this](int client, const Endpoint& peer) {
          accepted_.push_back({client, peer});
          if (accepted_.size() == wanted_) loop_.stop();
        },
        [this](const Error& error) {
          pauses_.push_back(error.text);
          if (on_pause_) on_pause_();
        });
  }
  void run_until_accepted(std::size_t count) {
    wanted_ = count;
    if (accepted_.size() < count) loop_.run();
  }
  void TearDown() override {
    for (const Accepted& each : accepted_) ::close(each.fd);
    for (const int fd : clients_) ::close(fd);
  }

  Loop loop_;
  std::unique_ptr<Listener> listener_;
  std::vector<Accepted> accepted_;
  std::vector<int> clients_;
  std::vector<std::string> pauses_;
  std::function<void()> on_pause_;
  std::size_t wanted_ = 0;
};

TEST_F(ListenerTest, AcceptsWhoWaitsBeforeItIsClosed) {
  listen();
  for (int i = 0; i < 5; ++i) clients_.push_back(dial(listener_->address()));
  listener_->accept_waiting(3);
  EXPECT_EQ(accepted_.size(), 3U);
  listener_->accept_waiting(100);
  EXPECT_EQ(accepted_.size(), 5U);
}

TEST_F(ListenerTest, HandsOverNonBlockingSocketsWithTheirPeer) {
  listen();
  const Endpoint address = listener_->address();
  EXPECT_EQ(address.address, kAnyPort.address);
  EXPECT_NE(address.port, 0);
  clients_.push_back(dial(address));
  run_until_accepted(1);
  sockaddr_storage native{};
  socklen_t length = sizeof(native);
  auto* const own = reinterpret_cast<sockaddr*>(&native);
  ASSERT_EQ(::getsockname(clients_.front(), own, &length), 0);
  EXPECT_EQ(accepted_.front().peer, Endpoint::from_sockaddr(own, length));
  EXPECT_TRUE(::fcntl(accepted_.front().fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(accepted_.front().fd, F_GETFD) & FD_CLOEXEC);
}

TEST_F(ListenerTest, AcceptsManyThatCameAtOnce) {
  listen();
  for (int i = 0; i < 200; ++i) clients_.push_back(dial(listener_->address()));
  run_until_accepted(200);
  EXPECT_EQ(accepted_.size(), 200U);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(ListenerTest, AcceptsOverIpv6) {
  std::array<std::uint8_t, 16> loopback{};
  loopback.back() = 1;
  const Endpoint any_v6{IpAddress::v6(loopback), 0};
  if (const auto probe = check_port_free(any_v6); !probe) GTEST_SKIP() << probe.error().text;
  listen(any_v6);
  clients_.push_back(dial(listener_->address()));
  run_until_accepted(1);
  EXPECT_EQ(accepted_.front().peer.address, any_v6.address);
}

TEST_F(ListenerTest, PausesWithoutDescriptorsAndGoesOnLater) {
  // UBSan looks at a type by opening a pipe the first time, which would fail below.
  static_cast<void>(system_error(ErrorKind::io, "warm up", EMFILE));
  listen();
  clients_.push_back(dial(listener_->address()));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // No number below the next free one may be left: accept4() gets EMFILE.
  const int next = ::dup(clients_.front());
  ::close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  on_pause_ = [&] { ::setrlimit(RLIMIT_NOFILE, &before); };
  const TimePoint begin = Clock::now();
  run_until_accepted(1);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(accepted_.size(), 1U);
  ASSERT_EQ(pauses_.size(), 1U);
  EXPECT_THAT(pauses_.front(), HasSubstr("Too many open files"));
  EXPECT_GE(Clock::now() - begin, 150ms);
}

TEST_F(ListenerTest, MayBeDestroyedByItsCallback) {
  const auto fd = open_listening_socket(kAnyPort, 16);
  ASSERT_TRUE(fd);
  int calls = 0;
  listener_ = std::make_unique<Listener>(
      loop_, *fd,
      [&](int client, const Endpoint&) {
        ++calls;
        ::close(client);
        listener_.reset();
        loop_.stop();
      },
      nullptr);
  const Endpoint address = listener_->address();
  clients_.push_back(dial(address));
  clients_.push_back(dial(address));
  loop_.run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(dial(address), -1);
}

TEST_F(ListenerTest, LoopsOfOneProcessShareAPort) {
  listen();
  const auto second = open_listening_socket(listener_->address(), 16);
  ASSERT_TRUE(second) << second.error().text;
  ::close(*second);
}

TEST_F(ListenerTest, ABusyPortIsNoticedEvenWhereItCouldBeShared) {
  listen();
  const auto busy = check_port_free(listener_->address());
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(busy.error().text, HasSubstr(listener_->address().to_string()));
  EXPECT_THAT(busy.error().text, HasSubstr("in use"));
  const Endpoint everywhere{IpAddress{}, listener_->address().port};
  EXPECT_FALSE(check_port_free(everywhere));
}

TEST_F(ListenerTest, APortIsFreeAgainAfterItsListener) {
  listen();
  const Endpoint address = listener_->address();
  clients_.push_back(dial(address));
  run_until_accepted(1);  // leaves a connection on the port
  listener_.reset();
  const auto free = check_port_free(address);
  EXPECT_TRUE(free) << free.error().text;
}

TEST(OpenListeningSocket, NamesAnAddressThatIsNotOurs) {
  const Endpoint foreign{IpAddress::v4({192, 0, 2, 1}), 2525};
  const auto fd = open_listening_socket(foreign, 16);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().kind, ErrorKind::io);
  EXPECT_THAT(fd.error().text, HasSubstr("192.0.2.1:2525"));
}

}  // namespace
}  // namespace sekisho
