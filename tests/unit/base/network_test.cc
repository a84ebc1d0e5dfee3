#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/ip.h"

namespace sekisho {
namespace {

using testing::HasSubstr;

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Network net(std::string_view text) { return Network::parse(text).value(); }

TEST(Network, HoldsItsOwnAddressesAndNoOthers) {
  EXPECT_TRUE(net("192.0.2.0/24").contains(ip("192.0.2.255")));
  EXPECT_FALSE(net("192.0.2.0/24").contains(ip("192.0.3.0")));
  EXPECT_TRUE(net("2001:db8::/33").contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(net("2001:db8::/33").contains(ip("2001:db8:8000::1")));
  EXPECT_TRUE(net("192.0.2.1").contains(ip("::ffff:192.0.2.1")));
  EXPECT_FALSE(net("192.0.2.1").contains(ip("192.0.2.2")));
}

TEST(Network, NeverHoldsAddressesOfTheOtherFamily) {
  EXPECT_TRUE(net("0.0.0.0/0").contains(ip("255.255.255.255")));
  EXPECT_FALSE(net("0.0.0.0/0").contains(ip("::1")));
  EXPECT_TRUE(net("::/0").contains(ip("::1")));
  EXPECT_FALSE(net("::/0").contains(ip("192.0.2.1")));
}

TEST(Network, PrintsItsPrefixLength) {
  EXPECT_EQ(net("10.0.0.0/8").to_string(), "10.0.0.0/8");
  EXPECT_EQ(net("192.0.2.1").to_string(), "192.0.2.1/32");
  EXPECT_EQ(net("::1").to_string(), "::1/128");
  EXPECT_EQ(net("::ffff:10.0.0.0/104").to_string(), "10.0.0.0/8");
}

TEST(Network, RefusesHostBitsAndNamesTheNetworkMeant) {
  EXPECT_THAT(Network::parse("192.0.2.1/24").error().text, HasSubstr("'192.0.2.0/24'"));
  EXPECT_THAT(Network::parse("2001:db8::1/64").error().text, HasSubstr("'2001:db8::/64'"));
}

TEST(Network, RefusesBadText) {
  for (const auto* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10/8",
        "::/129", "example.org/8", "10.0.0.0 /8", "::ffff:0.0.0.0/95", "10.0.0.0/255.0.0.0"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

TEST(Network, KnowsWhetherAllOfItIsPrivate) {
  for (const auto* text : {"10.0.0.0/8", "10.1.0.0/16", "172.16.0.0/12", "192.168.7.0/24",
                           "127.0.0.1", "169.254.0.0/16", "::1", "fd00::/8", "fe80::/64"}) {
    EXPECT_TRUE(net(text).is_private()) << text;
  }
  for (const auto* text :
       {"0.0.0.0/0", "10.0.0.0/7", "172.0.0.0/11", "172.32.0.0/16", "192.0.2.0/24", "8.8.8.8",
        "::/0", "2001:db8::/32", "fe00::/8", "::/127"}) {
    EXPECT_FALSE(net(text).is_private()) << text;
  }
}

TEST(Network, ContainsNetworksThatAreWhollyInIt) {
  EXPECT_TRUE(net("10.0.0.0/8").contains(net("10.0.0.0/8")));
  EXPECT_TRUE(net("10.0.0.0/8").contains(net("10.255.0.0/16")));
  EXPECT_FALSE(net("10.0.0.0/8").contains(net("10.0.0.0/7")));
  EXPECT_FALSE(net("10.0.0.0/8").contains(net("11.0.0.0/16")));
  EXPECT_FALSE(net("0.0.0.0/0").contains(net("::/64")));
}

TEST(NetworkSet, FindsTheMostSpecificNetwork) {
  const NetworkSet set({net("10.0.0.0/8"), net("10.1.2.0/24"), net("10.1.0.0/16"), net("0.0.0.0/0"),
                        net("2001:db8::/32"), net("2001:db8::1")});
  const std::pair<const char*, const char*> cases[] = {
      {"10.1.2.3", "10.1.2.0/24"},        {"10.1.3.3", "10.1.0.0/16"},
      {"10.2.0.1", "10.0.0.0/8"},         {"192.0.2.1", "0.0.0.0/0"},
      {"2001:db8::1", "2001:db8::1/128"}, {"2001:db8::2", "2001:db8::/32"},
  };
  for (const auto& [address, expected] : cases) {
    const auto* found = set.find(ip(address));
    ASSERT_NE(found, nullptr) << address;
    EXPECT_EQ(found->to_string(), expected);
  }
  EXPECT_EQ(set.find(ip("2001:db9::1")), nullptr);
}

TEST(NetworkSet, FindsNothingWhenEmpty) {
  EXPECT_TRUE(NetworkSet().empty());
  EXPECT_EQ(NetworkSet().find(ip("192.0.2.1")), nullptr);
  EXPECT_EQ(NetworkSet({net("::/0")}).find(ip("192.0.2.1")), nullptr);
}

TEST(NetworkSet, AgreesWithASearchThroughAllNetworks) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same cases in each run
  const auto any_address = [&] {
    const auto byte = [&] { return static_cast<std::uint8_t>(random() % 4); };
    if (random() % 2 == 0) return IpAddress::v4({byte(), byte(), 0, byte()});
    return IpAddress::v6({byte(), byte(), 0, byte()});
  };
  std::vector<Network> networks;
  for (int i = 0; i < 300; ++i) {
    const auto address = any_address();
    const int prefix = static_cast<int>(random() % 33);
    networks.push_back(net(address.masked(prefix).to_string() + "/" + std::to_string(prefix)));
  }
  const NetworkSet set(networks);
  for (int i = 0; i < 3000; ++i) {
    const auto address = any_address();
    int longest = -1;
    for (const auto& network : networks) {
      if (network.contains(address)) longest = std::max(longest, network.prefix());
    }
    const auto* found = set.find(address);
    ASSERT_EQ(found == nullptr ? -1 : found->prefix(), longest) << address.to_string();
    ASSERT_TRUE(found == nullptr || found->contains(address));
  }
}

}  // namespace
}  // namespace sekisho
