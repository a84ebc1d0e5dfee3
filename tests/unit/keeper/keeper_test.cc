// The parts of the keeper that need no process: what it holds, what it says, how long it waits.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "gateway/base/respawn.h"
#include "gateway/keeper/channel.h"
#include "gateway/keeper/held_sockets.h"
#include "gateway/keeper/keeper_link.h"
#include "gateway/net/listener.h"

namespace sekisho::keeper {
namespace {

const Endpoint kAnyPort = Endpoint::parse("127.0.0.1:0").value();

TEST(RespawnDelay, IsNoneAfterAProcessThatHadServed) {
  RespawnDelay delay;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(delay.after(500ms), 0ms);
}

TEST(RespawnDelay, GrowsWhileProcessesDieYoungUpToABound) {
  RespawnDelay delay;
  for (int i = 0; i < RespawnDelay::kAtOnce; ++i) EXPECT_EQ(delay.after(10ms), 0ms);
  EXPECT_EQ(delay.after(0ms), 100ms);
  EXPECT_EQ(delay.after(0ms), 200ms);
  EXPECT_EQ(delay.after(0ms), 400ms);
  for (int i = 0; i < 100; ++i) (void)delay.after(0ms);
  EXPECT_EQ(delay.after(0ms), 10s);
  EXPECT_EQ(delay.after(2s), 0ms);
  EXPECT_EQ(delay.after(0ms), 0ms) << "counted anew";
}

TEST(Channel, CarriesFieldsAndMoreSocketsThanOneDatagramCan) {
  auto [here, there] = Channel::make_pair().value();
  const std::vector<int> many(600, here.fd());
  ASSERT_TRUE(here.send({"held", "", "a\nb"}, many));
  const Message message = there.receive(1s).value();
  EXPECT_EQ(message.fields, (std::vector<std::string>{"held", "", "a\nb"}));
  EXPECT_EQ(message.sockets.size(), 600U);
  EXPECT_EQ(there.receive(0s).error().kind, ErrorKind::timeout);
}

TEST(Channel, TellsThatTheOtherSideIsGone) {
  auto ends = Channel::make_pair().value();
  ends.second = {};
  EXPECT_EQ(ends.first.receive(1s).error().kind, ErrorKind::closed);
  EXPECT_EQ(ends.first.send({"take"}).error().kind, ErrorKind::closed);
}

TEST(Channel, RefusesWhatCouldGoOnForEver) {
  auto [here, there] = Channel::make_pair().value();
  for (int i = 0; i < 3; ++i) ASSERT_EQ(::send(here.fd(), "+", 1, 0), 1);
  EXPECT_EQ(there.receive(1s).error().kind, ErrorKind::protocol);
}

TEST(Channel, RefusesWhatIsTooLarge) {
  auto [here, there] = Channel::make_pair().value();
  EXPECT_EQ(here.send({std::string(kMaxBytes, 'x')}).error().kind, ErrorKind::limit);
  const std::string text = "." + std::string(kMaxBytes, 'x');
  ASSERT_GT(::send(here.fd(), text.data(), text.size(), 0), 0);
  EXPECT_EQ(there.receive(1s).error().kind, ErrorKind::protocol);
}

class HeldSocketsTest : public ::testing::Test {
 protected:
  // A process that has an address opened and says that it uses it.
  Endpoint claim(HeldSockets::Claim& claim, const std::string& name) {
    const auto opened = held_.open(claim, {.address = kAnyPort, .count = 2}).value();
    const Endpoint bound = local_endpoint(opened.front());
    EXPECT_EQ(local_endpoint(opened.back()), bound);
    claim.places.push_back({name, kAnyPort, bound});
    claim.stated = true;
    return bound;
  }

  HeldSockets held_{{}};
};

TEST_F(HeldSocketsTest, AreThoseOfAProcessThatServes) {
  HeldSockets::Claim first;
  const Endpoint bound = claim(first, "mx");
  EXPECT_TRUE(held_.all().empty());
  held_.commit(first);
  ASSERT_EQ(held_.all().size(), 1U);
  EXPECT_EQ(held_.all()[0].name, "mx");
  EXPECT_EQ(held_.all()[0].bound, bound);
  EXPECT_EQ(held_.all()[0].sockets.size(), 2U);
}

TEST_F(HeldSocketsTest, OutliveAProcessThatFails) {
  HeldSockets::Claim first;
  const Endpoint bound = claim(first, "mx");
  held_.commit(first);
  {
    HeldSockets::Claim failing;
    claim(failing, "other");
  }
  ASSERT_EQ(held_.all().size(), 1U);
  EXPECT_EQ(held_.all()[0].bound, bound);
}

TEST_F(HeldSocketsTest, AreClosedWhenNobodyUsesThem) {
  HeldSockets::Claim first;
  const Endpoint old = claim(first, "mx");
  held_.commit(first);
  first.places.clear();
  const Endpoint next = claim(first, "mx");
  held_.commit(first);
  ASSERT_EQ(held_.all().size(), 1U);
  EXPECT_EQ(held_.all()[0].bound, next);
  EXPECT_TRUE(check_port_free(old));
}

TEST_F(HeldSocketsTest, AreAskedForWithinBounds) {
  HeldSockets::Claim greedy;
  EXPECT_EQ(held_.open(greedy, {.address = kAnyPort, .count = 0}).error().kind, ErrorKind::limit);
  EXPECT_EQ(held_.open(greedy, {.address = kAnyPort, .count = 1U << 20U}).error().kind,
            ErrorKind::limit);
}

TEST(KeeperLink, IsNotThereWithoutTheVariable) {
  EXPECT_EQ(KeeperLink::from_environment().value(), nullptr);
}

TEST(KeeperLink, RefusesAKeeperOfAnotherVersionOrNone) {
  for (const char* value : {"999:3:0", "x", "1:987654:0"}) {
    ::setenv(kVariable, value, 1);
    EXPECT_FALSE(KeeperLink::from_environment()) << value;
    EXPECT_EQ(::getenv(kVariable), nullptr);
  }
}

TEST(KeeperLink, FollowsOrdersThatComeBeforeAnAnswer) {
  auto [ours, its] = Channel::make_pair().value();
  Loop loop;
  KeeperLink link(std::move(its), 0s);
  int retired = 0;
  link.obey(&loop, {.drain = [] {},
                    .retire =
                        [&] {
                          ++retired;
                          loop.stop();
                        },
                    .log = [](const std::string&, const std::string&) {}});
  ASSERT_TRUE(ours.send({"retire"}));
  ASSERT_TRUE(ours.send({"failed", "no such address"}));
  EXPECT_EQ(link.open_sockets({.address = kAnyPort}).error().text, "no such address");
  EXPECT_EQ(retired, 0);
  loop.run();
  EXPECT_EQ(retired, 1);
}

TEST(KeeperLink, DrainsWhenTheKeeperIsGone) {
  auto ends = Channel::make_pair().value();
  Loop loop;
  KeeperLink link(std::move(ends.second), 0s);
  link.obey(&loop, {.drain = [&] { loop.stop(); },
                    .retire = [] {},
                    .log = [](const std::string&, const std::string&) {}});
  ends.first = {};
  loop.run();  // ends by the drain alone
}

}  // namespace
}  // namespace sekisho::keeper
