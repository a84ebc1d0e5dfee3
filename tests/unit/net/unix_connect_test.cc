// Connecting to a Unix socket, above all to one whose server is slow to take connections.
#include "gateway/net/unix_connect.h"

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "gateway/base/descriptor.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/net/net_fixture.h"

namespace sekisho {
namespace {

using ::testing::HasSubstr;

struct UnixConnect : ::testing::Test {
  Loop loop;
  CancelSource cancel;
  test::TempDir folder;
  std::string path = (folder.path() / "socket").string();

  Descriptor listen(int backlog) const {
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), backlog), 0);
    return socket;
  }
  Result<std::unique_ptr<ByteStream>> connect(Deadline deadline = Deadline::in(20s)) {
    return loop.run_until_done(connect_unix_socket(loop, path, deadline, cancel));
  }
};

TEST_F(UnixConnect, GivesAStreamThatCarriesBytes) {
  const Descriptor server = listen(8);
  auto stream = connect();
  ASSERT_TRUE(stream) << stream.error().text;
  const Descriptor peer(::accept(server.get(), nullptr, nullptr));
  ASSERT_EQ(::send(peer.get(), "hi", 2, 0), 2);
  EXPECT_EQ(loop.run_until_done(test::read_exactly(**stream, 2, 2)).value(), "hi");
}

TEST_F(UnixConnect, NamesThePlaceThatIsNotThere) {
  const auto stream = connect();
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(stream.error().text, HasSubstr("connect to unix:" + path + ": No such file"));
}

TEST_F(UnixConnect, WaitsForAPlaceInAFullQueueWithoutBlockingTheLoop) {
  const Descriptor server = listen(0);
  std::vector<std::unique_ptr<ByteStream>> waiting;
  while (true) {  // until the queue is full
    auto one = connect(Deadline::in(0s));
    if (!one) {
      EXPECT_EQ(one.error().kind, ErrorKind::timeout);
      EXPECT_THAT(one.error().text, HasSubstr("its queue is full"));
      break;
    }
    waiting.push_back(std::move(*one));
  }
  // The server takes one once the loop has run a timer: it would never come to that if it blocked.
  Timer takes(loop, [&] { ::close(::accept(server.get(), nullptr, nullptr)); });
  takes.start(20ms);
  const auto late = connect();
  EXPECT_TRUE(late) << late.error().text;
}

TEST_F(UnixConnect, EndsItsWaitWhenItIsCancelled) {
  const Descriptor server = listen(0);
  std::vector<std::unique_ptr<ByteStream>> waiting;
  for (auto one = connect(Deadline::in(0s)); one; one = connect(Deadline::in(0s)))
    waiting.push_back(std::move(*one));
  Timer stop(loop, [&] { cancel.cancel(); });
  stop.start(10ms);
  const auto given_up = connect();
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace sekisho
