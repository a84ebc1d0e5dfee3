#include "gateway/keeper/systemd.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

// The manager's end.
class Manager {
 public:
  // `address` as sun_path has it.
  explicit Manager(const std::string& address)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un native{};
    native.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(native.sun_path), address.data(), address.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&native), length), 0);
  }
  // The next datagram; "(none)" when there is none.
  std::string told() {
    std::array<char, 512> buffer{};
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return got < 0 ? "(none)" : std::string(buffer.data(), static_cast<std::size_t>(got));
  }

 private:
  Descriptor socket_;
};

TEST(NotifySocket, TellsTheSocketAtAPath) {
  const test::TempDir folder;
  const std::string path = (folder.path() / "notify").string();
  Manager manager(path);
  const NotifySocket notify(path);
  notify.send("READY=1\nSTATUS=serving");
  notify.send("STOPPING=1");
  EXPECT_EQ(manager.told(), "READY=1\nSTATUS=serving");
  EXPECT_EQ(manager.told(), "STOPPING=1");
}

TEST(NotifySocket, TellsAnAbstractSocket) {
  const std::string name = "sekisho-unit-" + std::to_string(::getpid());
  Manager manager(std::string(1, '\0') + name);
  ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  NotifySocket::from_environment().send("READY=1");
  EXPECT_EQ(manager.told(), "READY=1");
  EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr) << "not for our children";
}

TEST(NotifySocket, AnAddressThatLeadsNowhereIsNoHarm) {
  for (const std::string& address : {std::string(), std::string("x"), std::string("relative/path"),
                                     std::string("/nowhere/notify"), "/" + std::string(200, 'x')})
    NotifySocket(address).send("READY=1");
}

TEST(Watchdog, IsTheManagersTimeUnlessItIsMeantForAnother) {
  const auto read = [](const char* microseconds, const std::string& pid) {
    ::setenv("WATCHDOG_USEC", microseconds, 1);
    if (!pid.empty()) ::setenv("WATCHDOG_PID", pid.c_str(), 1);
    return watchdog_from_environment();
  };
  EXPECT_EQ(read("2500000", ""), 2500ms);
  EXPECT_EQ(read("2500000", std::to_string(::getpid())), 2500ms);
  EXPECT_EQ(read("2500000", "1"), 0ms);
  EXPECT_EQ(read("soon", ""), 0ms);
  EXPECT_EQ(watchdog_from_environment(), 0ms) << "the variables are gone";
}

TEST(GivenSocketsFromOutside, AreNotTakenFromAnotherProcess) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  std::vector<std::string> refused;
  EXPECT_TRUE(sockets_from_environment(refused).empty());
  EXPECT_TRUE(refused.empty());
}

TEST(Reloading, CarriesTheTime) {
  EXPECT_TRUE(reloading_assignments().starts_with("RELOADING=1\nMONOTONIC_USEC="));
}

}  // namespace
}  // namespace sekisho
