#include "gateway/connection_limits.h"

#include <atomic>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

using Refusal = ConnectionLimits::Refusal;

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress());
}

TEST(ConnectionLimits, CountsAConnectionForAsLongAsItsTicketLives) {
  ConnectionLimits limits;
  {
    const auto ticket = limits.admit(address("192.0.2.1"), 10, 10);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(limits.total(), 1);
  }
  EXPECT_EQ(limits.total(), 0);
}

TEST(ConnectionLimits, RefusesWhatIsOverTheLimitInAll) {
  ConnectionLimits limits;
  auto first = limits.admit(address("192.0.2.1"), 2, 10);
  auto second = limits.admit(address("192.0.2.2"), 2, 10);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(limits.admit(address("192.0.2.3"), 2, 10).error(), Refusal::too_many_in_all);
  EXPECT_EQ(limits.total(), 2);
}

TEST(ConnectionLimits, RefusesWhatIsOverTheLimitOfOneClientAlone) {
  ConnectionLimits limits;
  auto first = limits.admit(address("192.0.2.1"), 10, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(limits.admit(address("192.0.2.1"), 10, 1).error(), Refusal::too_many_from_client);
  EXPECT_TRUE(limits.admit(address("192.0.2.2"), 10, 1));
}

TEST(ConnectionLimits, ARefusalCostsTheClientNothing) {
  ConnectionLimits limits;
  auto first = limits.admit(address("192.0.2.1"), 10, 1);
  ASSERT_TRUE(first);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(limits.admit(address("192.0.2.1"), 10, 1));
  {
    const auto ended = std::move(*first);
  }
  EXPECT_EQ(limits.total(), 0);
  EXPECT_TRUE(limits.admit(address("192.0.2.1"), 10, 1));
}

TEST(ConnectionLimits, TakesAnIpv6NetworkOf64BitsForOneClient) {
  ConnectionLimits limits;
  auto first = limits.admit(address("2001:db8:0:1::1"), 10, 2);
  auto second = limits.admit(address("2001:db8:0:1:ffff::2"), 10, 2);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(limits.admit(address("2001:db8:0:1::3"), 10, 2).error(), Refusal::too_many_from_client);
  EXPECT_TRUE(limits.admit(address("2001:db8:0:2::1"), 10, 2));
}

TEST(ConnectionLimits, GivesAPlaceBackOnceHoweverOftenItsTicketMoved) {
  ConnectionLimits limits;
  auto other = limits.admit(address("192.0.2.1"), 10, 10);
  ASSERT_TRUE(other);
  {
    auto admitted = limits.admit(address("192.0.2.1"), 10, 10);
    ASSERT_TRUE(admitted);
    ConnectionLimits::Ticket moved = std::move(*admitted);
    const ConnectionLimits::Ticket again = std::move(moved);
    EXPECT_EQ(limits.total(), 2);
  }
  EXPECT_EQ(limits.total(), 1);
}

TEST(ConnectionLimits, ALowerLimitCutsNobodyOffButAdmitsNobodyNew) {
  ConnectionLimits limits;
  std::vector<ConnectionLimits::Ticket> tickets;
  tickets.reserve(3);
  for (int i = 0; i < 3; ++i) tickets.push_back(*limits.admit(address("192.0.2.1"), 10, 10));
  EXPECT_EQ(limits.total(), 3);
  EXPECT_EQ(limits.admit(address("192.0.2.1"), 10, 2).error(), Refusal::too_many_from_client);
  tickets.pop_back();
  EXPECT_FALSE(limits.admit(address("192.0.2.1"), 10, 2));
  tickets.pop_back();
  EXPECT_TRUE(limits.admit(address("192.0.2.1"), 10, 2));
}

TEST(ConnectionLimits, NeverAdmitsMoreThanTheLimitToManyThreads) {
  constexpr std::int64_t kLimit = 3;
  ConnectionLimits limits;
  std::atomic<std::int64_t> inside{0};
  std::atomic<bool> over{false};
  std::atomic<int> admitted{0};
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 500; ++round) {
          const auto ticket = limits.admit(address("192.0.2.1"), 100, kLimit);
          if (!ticket) continue;
          ++admitted;
          if (++inside > kLimit) over = true;
          --inside;
        }
      });
    }
  }
  EXPECT_FALSE(over);
  EXPECT_GT(admitted, 0);
  EXPECT_EQ(limits.total(), 0);
}

TEST(ConnectionLimits, AConnectionThatIsNotAnnouncedYetIsNoClients) {
  ConnectionLimits limits;
  auto first = limits.admit_unannounced(3, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(limits.admit_unannounced(3, 1).error(), Refusal::too_many_unannounced);
  EXPECT_EQ(limits.admit_unannounced(1, 5).error(), Refusal::too_many_in_all);
  ASSERT_TRUE(first->charge(address("192.0.2.1"), 1));
  EXPECT_TRUE(limits.admit_unannounced(3, 1)) << "its place among these is free again";
  EXPECT_EQ(limits.admit(address("192.0.2.1"), 10, 1).error(), Refusal::too_many_from_client);
  EXPECT_EQ(limits.total(), 1);
}

TEST(ConnectionLimits, ATicketMovesToAnotherClientWhoHasRoom) {
  ConnectionLimits limits;
  auto one = limits.admit(address("192.0.2.1"), 10, 1);
  auto other = limits.admit(address("192.0.2.2"), 10, 1);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->charge(address("192.0.2.2"), 1).error(), Refusal::too_many_from_client);
  EXPECT_FALSE(limits.admit(address("192.0.2.1"), 10, 1)) << "refused, it stays where it was";
  EXPECT_TRUE(one->charge(address("192.0.2.1"), 1));
  EXPECT_TRUE(one->charge(address("192.0.2.3"), 1));
  EXPECT_TRUE(limits.admit(address("192.0.2.1"), 10, 1));
  EXPECT_FALSE(limits.admit(address("192.0.2.3"), 10, 1));
  EXPECT_EQ(limits.total(), 2);
}

TEST(ConnectionLimits, ATicketOfNobodyCountsAmongAllAlone) {
  ConnectionLimits limits;
  {
    auto check = limits.admit_unannounced(1, 1);
    ASSERT_TRUE(check);
    check->charge_nobody();
    EXPECT_EQ(limits.admit_unannounced(1, 1).error(), Refusal::too_many_in_all);
    EXPECT_TRUE(limits.admit_unannounced(2, 1));
  }
  EXPECT_EQ(limits.total(), 0);
  EXPECT_TRUE(limits.admit_unannounced(1, 1));
}

TEST(ConnectionLimits, WhoCantBeToldIsCountedInAllAlone) {
  ConnectionLimits limits;
  auto first = limits.admit_nobody(2);
  auto second = limits.admit_nobody(2);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(limits.admit_nobody(2).error(), Refusal::too_many_in_all);
  EXPECT_EQ(limits.total(), 2);
}

}  // namespace
}  // namespace sekisho
