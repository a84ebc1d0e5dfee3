#include "gateway/base/socket_address.h"

#include <cstddef>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

SocketAddress through_the_system(const SocketAddress& address) {
  sockaddr_storage native{};
  const socklen_t length = address.to_sockaddr(native);
  return SocketAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&native), length);
}

TEST(SocketAddress, IsReadAndWrittenTheSameWay) {
  for (const char* text : {"192.0.2.1:25", "[::1]:587", "unix:/run/sekisho/smtp.sock", "unix:/x"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
    EXPECT_EQ(through_the_system(*address), *address) << text;
  }
}

TEST(SocketAddress, KnowsWhichOfTheTwoItIs) {
  const auto path = SocketAddress::parse("unix:/run/x").value();
  EXPECT_TRUE(path.is_unix());
  EXPECT_EQ(path.path(), "/run/x");
  EXPECT_EQ(path.endpoint(), Endpoint{});
  const auto endpoint = SocketAddress::parse("192.0.2.1:25").value();
  EXPECT_FALSE(endpoint.is_unix());
  EXPECT_EQ(endpoint.endpoint().port, 25);
  EXPECT_NE(path, endpoint);
  EXPECT_NE(path, SocketAddress::parse("unix:/run/y").value());
}

TEST(SocketAddress, RefusesWhatIsNeither) {
  for (const std::string& text :
       {std::string("unix:"), std::string("unix:x"), std::string("unix:./x"), std::string("/run/x"),
        std::string("unix:@abstract"), std::string("unix:/a\0b", 9), std::string("192.0.2.1"),
        "unix:/" + std::string(kMaxUnixPath, 'x')})
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  EXPECT_TRUE(SocketAddress::parse("unix:/" + std::string(kMaxUnixPath - 1, 'x')));
}

TEST(SocketAddress, OfASocketWithoutAPathIsUnspecified) {
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  native.sun_path[1] = 'x';  // abstract
  const auto* const generic = reinterpret_cast<const sockaddr*>(&native);
  for (const std::size_t size :
       {offsetof(sockaddr_un, sun_path), offsetof(sockaddr_un, sun_path) + 2})
    EXPECT_EQ(SocketAddress::from_sockaddr(generic, static_cast<socklen_t>(size)), SocketAddress());
}

}  // namespace
}  // namespace sekisho
