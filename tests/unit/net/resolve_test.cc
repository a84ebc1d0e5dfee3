#include "gateway/net/resolve.h"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

class ResolveTest : public ::testing::Test {
 protected:
  Result<std::vector<Endpoint>> resolve(std::string host) {
    return loop_.run_until_done(resolve_host(loop_, offload_, std::move(host), 2525));
  }
  Loop loop_;
  Offload offload_{1, 4};
};

TEST_F(ResolveTest, TakesLiteralsAsTheyAre) {
  for (const auto& [host, shown] :
       {std::pair("192.0.2.7", "192.0.2.7:2525"), std::pair("2001:db8::1", "[2001:db8::1]:2525"),
        std::pair("[2001:db8::1]", "[2001:db8::1]:2525"),
        std::pair("::ffff:192.0.2.7", "192.0.2.7:2525")}) {
    const auto found = resolve(host);
    ASSERT_TRUE(found) << host;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().to_string(), shown);
  }
}

TEST_F(ResolveTest, LooksUpNames) {
  const auto found = resolve("localhost");
  ASSERT_TRUE(found) << found.error().text;
  ASSERT_FALSE(found->empty());
  for (const Endpoint& each : *found) {
    EXPECT_EQ(each.port, 2525);
    EXPECT_TRUE(each.address.to_string() == "127.0.0.1" || each.address.to_string() == "::1");
  }
}

TEST_F(ResolveTest, RefusesWhatIsNoName) {
  for (const std::string& host :
       {std::string(), std::string(300, 'a'), std::string("local\0host", 10)}) {
    const auto found = resolve(host);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::invalid);
  }
}

TEST_F(ResolveTest, AnUnknownNameIsUnavailable) {
  // A label of 64 bytes: the resolver refuses it without asking anybody.
  const auto found = resolve(std::string(64, 'a') + ".invalid");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
  EXPECT_NE(found.error().text.find(".invalid"), std::string::npos);
}

}  // namespace
}  // namespace sekisho
