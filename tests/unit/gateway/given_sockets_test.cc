#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/listening_fixture.h"

namespace sekisho {
namespace {

constexpr const char* kAnyPort = "127.0.0.1:0";

class GivenSocketsTest : public ::testing::Test, protected ListeningFixture {
 protected:
  void give(const std::string& name, std::optional<std::string> configured = std::nullopt,
            std::size_t count = 1) {
    GivenSockets one{.name = name, .configured = {}, .bound = {}, .sockets = {}};
    if (configured) one.configured = SocketAddress::parse(*configured);
    one.sockets = Supervisor().open_sockets({Endpoint::parse(kAnyPort).value(), count}).value();
    one.bound = local_endpoint(one.sockets.front().get());
    given_.push_back(std::move(one));
  }
  Listening open(const std::map<std::string, std::string>& addresses, std::size_t threads = 2) {
    Supervisor nobody;
    return open_listening_sockets(*snapshot(addresses), {}, threads, nobody, given_).value();
  }
  // How many sockets each thread has.
  static std::vector<std::size_t> counts(const Listening& listening) {
    std::vector<std::size_t> result;
    for (const auto& share : listening.shares) result.push_back(share.size());
    return result;
  }

  std::vector<GivenSockets> given_;
};

TEST_F(GivenSocketsTest, OneFromOutsideGoesToTheListenerOfItsNameWhateverTheAddress) {
  give("b");
  const SocketAddress bound = given_.front().bound;
  const Listening opened = open({{"a", kAnyPort}, {"b", "192.0.2.1:25"}});
  EXPECT_EQ(opened.places.at("b").bound, bound);
  EXPECT_NE(opened.places.at("a").bound, bound);
  EXPECT_TRUE(given_.empty());
}

TEST_F(GivenSocketsTest, OneOfAnotherNameGoesToTheListenerOfItsAddress) {
  give("smtp.socket");
  const SocketAddress bound = given_.front().bound;
  EXPECT_EQ(open({{"a", kAnyPort}, {"b", bound.to_string()}}).places.at("b").bound, bound);
}

TEST_F(GivenSocketsTest, OneOfOursGoesBackToItsListenerOnlyWhileItsAddressIsTheSame) {
  give("a", kAnyPort);
  give("b", "127.0.0.1:1");
  const SocketAddress of_a = given_.front().bound;
  const SocketAddress of_b = given_.back().bound;
  const Listening opened = open({{"a", kAnyPort}, {"b", "127.0.0.2:0"}});
  EXPECT_EQ(opened.places.at("a").bound, of_a);
  EXPECT_NE(opened.places.at("b").bound, of_b);
  EXPECT_EQ(given_.size(), 1U);
}

TEST_F(GivenSocketsTest, ThreadsShareOneSocket) {
  give("a");
  const Listening opened = open({{"a", kAnyPort}}, 3);
  EXPECT_THAT(counts(opened), ::testing::ElementsAre(1, 1, 1));
  for (const auto& share : opened.shares)
    EXPECT_EQ(local_endpoint(share.front().socket.get()), opened.places.at("a").bound);
}

TEST_F(GivenSocketsTest, EachOfManySocketsHasAThread) {
  give("a", kAnyPort, 5);
  EXPECT_THAT(counts(open({{"a", kAnyPort}}, 2)), ::testing::ElementsAre(3, 2));
}

}  // namespace
}  // namespace sekisho
