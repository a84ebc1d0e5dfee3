// Listening on a Unix socket: what is replaced, what is left alone, and who may connect.
#include "gateway/net/unix_listen.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/descriptor.h"
#include "gateway/net/listener.h"
#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

using ::testing::HasSubstr;

struct UnixListen : ::testing::Test {
  test::TempDir folder;
  std::string path = (folder.path() / "smtp.sock").string();
  SocketAddress address = SocketAddress::unix_socket(path).value();

  Result<int> open(const UnixSocketRights& rights = {}) const {
    return open_unix_listener(address, rights, 8);
  }
  // 0, or errno.
  [[nodiscard]] int try_to_connect() const {
    const Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage native{};
    const socklen_t length = address.to_sockaddr(native);
    return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&native), length) == 0 ? 0
                                                                                            : errno;
  }
  [[nodiscard]] struct stat file() const {
    struct stat info{};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    return info;
  }
};

TEST_F(UnixListen, TakesConnectionsAndKnowsItsPath) {
  const Descriptor socket(open().value());
  EXPECT_EQ(try_to_connect(), 0);
  EXPECT_EQ(local_address(socket.get()), address);
  const Descriptor accepted(::accept(socket.get(), nullptr, nullptr));
  EXPECT_TRUE(accepted.is_open());
  EXPECT_EQ(local_endpoint(accepted.get()), Endpoint{});
}

TEST_F(UnixListen, ReplacesWhatAProgramThatHasEndedLeftThere) {
  {
    const Descriptor earlier(open().value());
  }
  EXPECT_EQ(try_to_connect(), ECONNREFUSED);
  const auto again = open();
  ASSERT_TRUE(again) << again.error().text;
  const Descriptor socket(*again);
  EXPECT_EQ(try_to_connect(), 0);
}

TEST_F(UnixListen, LeavesASocketAloneThatSomebodyListensOn) {
  const Descriptor other(open().value());
  const auto before = file().st_ino;
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(refused.error().text,
              HasSubstr("cannot listen on unix:" + path + ": the socket is in use by another"));
  EXPECT_EQ(file().st_ino, before);
  EXPECT_EQ(try_to_connect(), 0);
}

TEST_F(UnixListen, NeverRemovesWhatIsNoSocket) {
  std::ofstream(path) << "precious";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("no socket"));
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
  std::filesystem::remove(path);
  // A link is none either, wherever it leads.
  std::filesystem::create_symlink(folder.path() / "elsewhere", path);
  EXPECT_THAT(open().error().text, HasSubstr("no socket"));
  EXPECT_TRUE(std::filesystem::is_symlink(path));
}

TEST_F(UnixListen, HasTheModeThatWasAskedForWhateverTheUmask) {
  for (const mode_t mode : {0600U, 0660U, 0666U}) {
    const mode_t before = ::umask(0077);
    const Descriptor socket(open({.mode = mode, .group = {}}).value());
    ::umask(before);
    EXPECT_EQ(file().st_mode & 07777U, mode);
  }
}

TEST_F(UnixListen, HasTheGroupThatWasAskedFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to have a group that is not its own";
  constexpr gid_t kOther = 1;
  const Descriptor socket(open({.mode = 0660, .group = kOther}).value());
  EXPECT_EQ(file().st_gid, kOther);
}

TEST_F(UnixListen, SaysWhichFolderIsMissing) {
  const auto nowhere = SocketAddress::unix_socket((folder.path() / "no" / "x").string()).value();
  const auto refused = open_unix_listener(nowhere, {}, 8);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text,
              HasSubstr("there is no folder " + (folder.path() / "no").string()));
}

}  // namespace
}  // namespace sekisho
