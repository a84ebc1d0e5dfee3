#include "gateway/listening_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/listening_fixture.h"

namespace sekisho {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kThreads = 2;
constexpr const char* kAnyPort = "127.0.0.1:0";

class ListeningSocketsTest : public ::testing::Test, protected ListeningFixture {
 protected:
  Listening open(const std::map<std::string, std::string>& addresses,
                 const ListenerPlaces& now = {}) {
    auto opened = open_listening_sockets(*snapshot(addresses), now, kThreads);
    EXPECT_TRUE(opened) << opened.error().text;
    return opened ? std::move(*opened) : Listening{};
  }
  // Nothing new was opened for `listener`.
  static bool is_kept(const Listening& listening, const std::string& listener) {
    for (const auto& share : listening.shares)
      for (const ListenerSocket& one : share)
        if (one.listener == listener && one.socket.is_open()) return false;
    return listening.places.contains(listener);
  }
};

TEST_F(ListeningSocketsTest, EachThreadGetsASocketOnTheSamePort) {
  const Listening opened = open({{"a", kAnyPort}, {"b", kAnyPort}});
  ASSERT_EQ(opened.shares.size(), kThreads);
  for (const auto& share : opened.shares) {
    ASSERT_EQ(share.size(), 2U);
    for (const ListenerSocket& one : share) {
      EXPECT_TRUE(one.socket.is_open());
      EXPECT_EQ(one.address, opened.places.at(one.listener).bound);
    }
  }
  EXPECT_NE(opened.places.at("a").bound, opened.places.at("b").bound);
}

TEST_F(ListeningSocketsTest, AnUnchangedAddressKeepsItsSocketsWhateverItsName) {
  const Listening before = open({{"a", kAnyPort}, {"b", kAnyPort}});
  const Listening same = open({{"a", kAnyPort}, {"b", kAnyPort}}, before.places);
  EXPECT_TRUE(is_kept(same, "a") && is_kept(same, "b"));
  EXPECT_EQ(same.places.at("a").bound, before.places.at("a").bound);

  const Listening renamed = open({{"0", kAnyPort}, {"b", kAnyPort}}, before.places);
  EXPECT_TRUE(is_kept(renamed, "0") && is_kept(renamed, "b"));
  EXPECT_EQ(renamed.places.at("0").bound, before.places.at("a").bound);
  EXPECT_EQ(renamed.places.at("b").bound, before.places.at("b").bound);
}

TEST_F(ListeningSocketsTest, APortThatTheSystemChoseCanBeNamed) {
  const Listening before = open({{"a", kAnyPort}});
  const SocketAddress bound = before.places.at("a").bound;
  EXPECT_TRUE(is_kept(open({{"a", bound.to_string()}}, before.places), "a"));
  EXPECT_TRUE(is_kept(open({{"z", bound.to_string()}}, before.places), "z"));
}

TEST_F(ListeningSocketsTest, SwappedAddressesAreKept) {
  const std::string one = free_address().to_string();
  const std::string other = free_address().to_string();
  ASSERT_NE(one, other);
  const Listening before = open({{"a", one}, {"b", other}});
  const Listening after = open({{"a", other}, {"b", one}}, before.places);
  EXPECT_TRUE(is_kept(after, "a") && is_kept(after, "b"));
  EXPECT_EQ(after.places.at("a").bound, before.places.at("b").bound);
}

TEST_F(ListeningSocketsTest, AnAddressThatOverlapsOneOfOursIsOpenedBesideIt) {
  const Endpoint narrow = free_address();
  const Endpoint wide{IpAddress::v4({0, 0, 0, 0}), narrow.port};
  const Listening before = open({{"a", narrow.to_string()}});
  const Listening widened = open({{"a", wide.to_string()}}, before.places);
  EXPECT_FALSE(is_kept(widened, "a"));
  EXPECT_EQ(widened.places.at("a").bound, wide);
  EXPECT_FALSE(is_kept(open({{"a", narrow.to_string()}}, widened.places), "a"));
  const Listening both = open({{"a", narrow.to_string()}, {"b", wide.to_string()}}, widened.places);
  EXPECT_TRUE(is_kept(both, "b"));
}

TEST_F(ListeningSocketsTest, APortOfAnotherProgramIsRefusedWithTheListenersName) {
  const Listening other = open({{"x", kAnyPort}});
  const SocketAddress busy = other.places.at("x").bound;
  const Listening before = open({{"a", kAnyPort}});
  const auto refused = open_listening_sockets(
      *snapshot({{"a", kAnyPort}, {"new", busy.to_string()}}), before.places, kThreads);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(refused.error().text, HasSubstr("listener new: "));
  EXPECT_THAT(refused.error().text, HasSubstr("in use by another program"));
}

TEST_F(ListeningSocketsTest, TwoListenersNeverShareAnAddress) {
  const Listening before = open({{"a", kAnyPort}});
  const std::string bound = before.places.at("a").bound.to_string();
  const auto refused =
      open_listening_sockets(*snapshot({{"a", kAnyPort}, {"b", bound}}), before.places, kThreads);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("listener b: listener a has this address"));
}

TEST_F(ListeningSocketsTest, ARefusalLeavesNothingOpen) {
  const Endpoint free = free_address();
  const Listening other = open({{"x", kAnyPort}});
  EXPECT_FALSE(open_listening_sockets(
      *snapshot({{"a", free.to_string()}, {"b", other.places.at("x").bound.to_string()}}), {},
      kThreads));
  EXPECT_TRUE(check_port_free(free));
}

}  // namespace
}  // namespace sekisho
