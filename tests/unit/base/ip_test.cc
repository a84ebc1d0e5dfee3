#include "gateway/base/ip.h"

#include <set>
#include <unordered_set>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace sekisho {
namespace {

using namespace std::string_view_literals;

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(IpAddress, PrintsTheShortestFormOfRfc5952) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"::", "::"},
      {"::1", "::1"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(ip(text).to_string(), shown);
}

TEST(IpAddress, RefusesEverythingThatIsNotExactlyAnAddress) {
  for (const auto text : {""sv, " 192.0.2.1"sv, "192.0.2.1 "sv, "192.0.2"sv, "192.0.2.256"sv,
                          "192.0.02.1"sv, "0300.0.2.1"sv, "0xc0.0.2.1"sv, "3221225985"sv,
                          "192.0.2.1\0"sv, "192.0.2.1\0x"sv, "[::1]"sv, "fe80::1%eth0"sv,
                          "1::2::3"sv, ":1"sv, "12345::"sv, "::1\n"sv, "1:2:3:4:5:6:7:8:9"sv,
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"sv}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, UnmapsIpv4MappedAddresses) {
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_TRUE(ip("::ffff:c000:201").is_v4());
  EXPECT_NE(ip("::192.0.2.1"), ip("192.0.2.1"));
}

TEST(IpAddress, CountsAnIpv6SlashSixtyFourAsOneClient) {
  EXPECT_EQ(ip("2001:db8:1:2:3:4:5:6").client_key(), ip("2001:db8:1:2::"));
  EXPECT_NE(ip("2001:db8:1:3::1").client_key(), ip("2001:db8:1:2::1").client_key());
  EXPECT_EQ(ip("192.0.2.77").client_key(), ip("192.0.2.77"));
}

TEST(IpAddress, MasksToAnyPrefixLength) {
  EXPECT_EQ(ip("255.255.255.255").masked(0), ip("0.0.0.0"));
  EXPECT_EQ(ip("255.255.255.255").masked(9), ip("255.128.0.0"));
  EXPECT_EQ(ip("255.255.255.255").masked(32), ip("255.255.255.255"));
  EXPECT_EQ(ip("ffff:ffff:ffff::1").masked(33), ip("ffff:ffff:8000::"));
  EXPECT_EQ(ip("::1").masked(128), ip("::1"));
}

TEST(IpAddress, KnowsTheLoopbackAndTheUnspecifiedAddress) {
  for (const auto* text : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(IpAddress::parse(text)->is_loopback()) << text;
  for (const auto* text : {"128.0.0.1", "0.0.0.0", "::", "::2", "::1:1", "7f00::"})
    EXPECT_FALSE(IpAddress::parse(text)->is_loopback()) << text;
  for (const auto* text : {"0.0.0.0", "::"})
    EXPECT_TRUE(IpAddress::parse(text)->is_unspecified()) << text;
  for (const auto* text : {"0.0.0.1", "::1", "127.0.0.1"})
    EXPECT_FALSE(IpAddress::parse(text)->is_unspecified()) << text;
}

TEST(IpAddress, WritesAddressLiterals) {
  EXPECT_EQ(ip("192.0.2.1").smtp_literal(), "192.0.2.1");
  EXPECT_EQ(ip("2001:db8::1").smtp_literal(), "IPv6:2001:db8::1");
}

TEST(IpAddress, TellsAnIpv4AddressFromTheIpv6AddressOfTheSameBytes) {
  EXPECT_NE(ip("1.2.3.4"), ip("102:304::"));
  const std::unordered_set<IpAddress> set{ip("1.2.3.4"), ip("102:304::"), ip("1.2.3.4")};
  EXPECT_EQ(set.size(), 2U);
}

TEST(IpAddress, HashesNeighboursApart) {
  std::set<std::size_t> hashes;
  for (std::uint8_t high = 0; high < 64; ++high) {
    for (std::uint8_t low = 0; low < 64; ++low) {
      hashes.insert(std::hash<IpAddress>()(IpAddress::v4({10, 0, high, low})) % 65536);
    }
  }
  EXPECT_GT(hashes.size(), 3700U);  // 4096 balls in 65536 bins: about 3970 without a collision
}

TEST(Endpoint, ReadsAndPrintsBothFamilies) {
  for (const std::string text : {"192.0.2.1:25", "[2001:db8::1]:65535", "[::1]:0"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
}

TEST(Endpoint, RefusesUnclearText) {
  for (const auto text : {""sv, "192.0.2.1"sv, ":25"sv, "192.0.2.1:"sv, "192.0.2.1:65536"sv,
                          "192.0.2.1:+25"sv, "192.0.2.1:000025"sv, "::1:25"sv, "[192.0.2.1]:25"sv,
                          "[::1]"sv, "[::1]25"sv, "[::1]:25 "sv, "localhost:25"sv, "[:25"sv}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

TEST(Endpoint, SurvivesTheTripThroughASockaddr) {
  for (const auto text : {"192.0.2.1:25", "[2001:db8::1]:587"}) {
    const auto endpoint = Endpoint::parse(text).value();
    sockaddr_storage storage{};
    const auto length = endpoint.to_sockaddr(storage);
    EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), length), endpoint);
  }
}

TEST(Endpoint, UnmapsWhatADualStackSocketReports) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(25);
  inet_pton(AF_INET6, "::ffff:192.0.2.1", &in.sin6_addr);
  EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&in), sizeof in).to_string(),
            "192.0.2.1:25");
}

TEST(Endpoint, TakesOtherFamiliesAndShortStructuresForNothing) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), 2), Endpoint{});
  storage.ss_family = AF_INET6;
  EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), 8), Endpoint{});
  EXPECT_EQ(Endpoint::from_sockaddr(nullptr, 0), Endpoint{});
}

}  // namespace
}  // namespace sekisho
