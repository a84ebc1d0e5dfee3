#include "gateway/suspensions.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho {
namespace {

using namespace std::chrono_literals;
using Of = filters::Suspension::Of;

const WallTime kNow{1'764'000'000s};

filters::Suspension of(Of kind, std::string whom, std::chrono::milliseconds time = 1h) {
  return {.of = kind, .whom = std::move(whom), .time = time, .why = "a test", .id = {}};
}

TEST(Suspensions, HoldAUserInAnyCaseUntilTheirEnd) {
  auto all = *Suspensions::open({}, kNow);
  EXPECT_TRUE(all->empty());
  all->add(of(Of::user, "Mallory"), kNow);
  EXPECT_EQ(all->of_user("mallory", kNow), kNow + 1h);
  EXPECT_FALSE(all->of_user("alice", kNow));
  EXPECT_FALSE(all->of_user("mallory", kNow + 1h));
}

TEST(Suspensions, TheLaterEndOfTwoCounts) {
  auto all = *Suspensions::open({}, kNow);
  all->add(of(Of::user, "mallory", 2h), kNow);
  all->add(of(Of::user, "mallory", 1h), kNow);
  EXPECT_EQ(all->of_user("mallory", kNow), kNow + 2h);
}

TEST(Suspensions, OfANetworkHoldForEveryClientInIt) {
  auto all = *Suspensions::open({}, kNow);
  all->add(of(Of::network, "2001:db8:1:2::/64"), kNow);
  all->add(of(Of::client, "192.0.2.7"), kNow);
  EXPECT_TRUE(all->of_client(*IpAddress::parse("2001:db8:1:2::99"), kNow));
  EXPECT_FALSE(all->of_client(*IpAddress::parse("2001:db8:1:3::99"), kNow));
  EXPECT_TRUE(all->of_client(*IpAddress::parse("192.0.2.7"), kNow));
  EXPECT_FALSE(all->of_client(*IpAddress::parse("192.0.2.8"), kNow));
}

TEST(Suspensions, OfAnIpv6ClientHoldForItsNetwork) {
  auto all = *Suspensions::open({}, kNow);
  all->add(of(Of::client, "2001:db8:1:2::1"), kNow);
  EXPECT_TRUE(all->of_client(*IpAddress::parse("2001:db8:1:2::99"), kNow));
  EXPECT_FALSE(all->of_client(*IpAddress::parse("2001:db8:1:3::1"), kNow));
}

TEST(Suspensions, OfManyClientsPushOutNoUser) {
  auto all = *Suspensions::open({}, kNow);
  all->add(of(Of::user, "mallory", 1min), kNow);
  for (std::size_t i = 0; i < Suspensions::kMax + 10; ++i)
    all->add(of(Of::client, fmt::format("10.{}.{}.{}", i >> 16U & 255U, i >> 8U & 255U, i & 255U)),
             kNow);
  EXPECT_TRUE(all->of_user("mallory", kNow));
  EXPECT_TRUE(all->of_client(*IpAddress::parse("10.1.134.165"), kNow));
}

TEST(Suspensions, OutliveARestartInTheirFile) {
  const test::TempDir folder{};
  const auto file = folder.path() / "suspended";
  {
    auto all = *Suspensions::open(file, kNow);
    all->add(of(Of::user, "mallory o'hara"), kNow);
    all->add(of(Of::user, "over", 1s), kNow);
    ASSERT_TRUE(all->save(kNow));
  }
  auto again = *Suspensions::open(file, kNow + 2s);
  EXPECT_EQ(again->of_user("mallory o'hara", kNow), kNow + 1h);
  EXPECT_FALSE(again->of_user("over", kNow));
}

TEST(Suspensions, AFileOfOtherLinesSuspendsNobody) {
  const test::TempDir folder{};
  const auto file = folder.write(
      "suspended", "hello\nuser x alice\nuser 9999999999\n\xff\nuser 9999999999 bob\n");
  auto all = *Suspensions::open(file, kNow);
  EXPECT_FALSE(all->of_user("alice", kNow));
  EXPECT_TRUE(all->of_user("bob", kNow));
}

TEST(Suspensions, ANameThatWouldBreakItsLineIsNotWritten) {
  const test::TempDir folder{};
  const auto file = folder.path() / "suspended";
  auto all = *Suspensions::open(file, kNow);
  all->add(of(Of::user, "x\nuser 9999999999 alice"), kNow);
  ASSERT_TRUE(all->save(kNow));
  EXPECT_FALSE((*Suspensions::open(file, kNow))->of_user("alice", kNow));
}

}  // namespace
}  // namespace sekisho
