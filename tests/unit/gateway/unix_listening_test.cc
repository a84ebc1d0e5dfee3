// Unix sockets among the listening sockets: one for all threads, kept, given, never mixed with TCP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/listening_fixture.h"

namespace sekisho {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kThreads = 3;

class UnixListeningTest : public ::testing::Test, protected ListeningFixture {
 protected:
  static SocketAddress address_of(const std::string& text) {
    return SocketAddress::parse(text).value();
  }
  Result<Listening> open(const std::map<std::string, std::string>& addresses,
                         const ListenerPlaces& now = {}) {
    Supervisor nobody;
    return open_listening_sockets(*snapshot(addresses), now, kThreads, nobody, given_);
  }
  void give(const std::string& name, const SocketAddress& address) {
    GivenSockets one{.name = name, .configured = {}, .bound = address, .sockets = {}};
    one.sockets = Supervisor().open_sockets({.address = address}).value();
    one.bound = local_address(one.sockets.front().get());
    given_.push_back(std::move(one));
  }

  test::TempDir sockets_;
  std::string path_ = "unix:" + (sockets_.path() / "a").string();
  std::vector<GivenSockets> given_;
};

TEST_F(UnixListeningTest, AllThreadsShareOneSocket) {
  const Listening opened = open({{"a", path_}}).value();
  EXPECT_EQ(opened.places.at("a").bound, address_of(path_));
  for (const auto& share : opened.shares) {
    ASSERT_EQ(share.size(), 1U);
    EXPECT_EQ(local_address(share.front().socket.get()), address_of(path_));
  }
}

TEST_F(UnixListeningTest, AReloadKeepsItWhateverItsNameAndAddsOthersBesideIt) {
  const std::string other = path_ + "2";
  const Listening before = open({{"a", path_}, {"tcp", "127.0.0.1:0"}}).value();
  const auto after = open({{"renamed", path_}, {"b", other}}, before.places);
  ASSERT_TRUE(after) << after.error().text;
  for (const auto& share : after->shares)
    for (const ListenerSocket& one : share)
      EXPECT_EQ(one.socket.is_open(), one.address == address_of(other));
}

TEST_F(UnixListeningTest, AnotherProgramsIsRefusedWithTheListenersName) {
  const Listening other = open({{"x", path_}}).value();
  const auto refused = open({{"a", path_}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("listener a: cannot listen on " + path_));
  EXPECT_THAT(refused.error().text, HasSubstr("in use by another program"));
}

TEST_F(UnixListeningTest, OneThatWasGivenIsTakenByNameOrPath) {
  give("a", address_of(path_ + "1"));
  give("whatever", address_of(path_ + "2"));
  const auto opened = open({{"a", path_}, {"b", path_ + "2"}});
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_EQ(opened->places.at("a").bound, address_of(path_ + "1"));
  EXPECT_EQ(opened->places.at("b").bound, address_of(path_ + "2"));
  EXPECT_TRUE(given_.empty());
}

TEST_F(UnixListeningTest, AListenerOfTheOtherKindDoesNotTakeIt) {
  give("tcp", address_of(path_));
  give("a", address_of("127.0.0.1:0"));
  const auto opened = open({{"tcp", "127.0.0.1:0"}, {"a", path_ + "1"}});
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_FALSE(opened->places.at("tcp").bound.is_unix());
  EXPECT_EQ(opened->places.at("a").bound, address_of(path_ + "1"));
  EXPECT_EQ(given_.size(), 2U);
}

}  // namespace
}  // namespace sekisho
