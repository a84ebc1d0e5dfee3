// Connecting to a name of several addresses, some of which are dead.
#include "gateway/net/connect.h"

#include <array>
#include <filesystem>
#include <iterator>

#include <gmock/gmock.h>

#include "tests/support/silent_address.h"
#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The kernel takes connections to it; nobody needs to accept them. Closed: they are refused.
class Listening {
 public:
  Listening() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_storage storage{};
    socklen_t length = Endpoint{*IpAddress::parse("127.0.0.1"), 0}.to_sockaddr(storage);
    auto* const raw = reinterpret_cast<sockaddr*>(&storage);
    EXPECT_EQ(::bind(socket_.get(), raw, length), 0);
    EXPECT_EQ(::listen(socket_.get(), 16), 0);
    EXPECT_EQ(::getsockname(socket_.get(), raw, &length), 0);
    endpoint_ = Endpoint::from_sockaddr(raw, length);
  }
  [[nodiscard]] Endpoint endpoint() const { return endpoint_; }
  void close() { socket_ = Descriptor(); }
  Descriptor accept() { return Descriptor(::accept4(socket_.get(), nullptr, nullptr, 0)); }

 private:
  Descriptor socket_;
  Endpoint endpoint_;
};

Endpoint refusing() {
  Listening gone;
  gone.close();
  return gone.endpoint();
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

Endpoint at(const char* text) { return *Endpoint::parse(text); }

TEST(ByTurns, LetsTheFamiliesAlternateFromTheFirstOn) {
  EXPECT_THAT(by_turns({at("[2001:db8::1]:25"), at("[2001:db8::2]:25"), at("[2001:db8::3]:25"),
                        at("192.0.2.1:25"), at("192.0.2.2:25")}),
              ElementsAre(at("[2001:db8::1]:25"), at("192.0.2.1:25"), at("[2001:db8::2]:25"),
                          at("192.0.2.2:25"), at("[2001:db8::3]:25")));
  EXPECT_THAT(by_turns({at("192.0.2.1:25"), at("192.0.2.2:25"), at("[2001:db8::1]:25")}),
              ElementsAre(at("192.0.2.1:25"), at("[2001:db8::1]:25"), at("192.0.2.2:25")));
  EXPECT_THAT(by_turns({}), IsEmpty());
}

struct ConnectRaceTest : ::testing::Test {
  Loop loop;
  CancelSource cancel;

  ConnectRace race(std::vector<Endpoint> addresses, Duration head_start = 30ms,
                   Duration each = 10s) {
    return {loop, std::move(addresses), each, Deadline::in(10s), cancel, head_start};
  }
  Result<ConnectRace::Winner> next(ConnectRace& race) { return loop.run_until_done(race.next()); }
};

TEST_F(ConnectRaceTest, AsksTheFirstAddressAloneWhenItAnswers) {
  Listening first, second;
  auto race = this->race({first.endpoint(), second.endpoint()}, 10s);
  const auto winner = next(race);
  ASSERT_TRUE(winner) << winner.error().text;
  EXPECT_EQ(winner->address, first.endpoint());
  EXPECT_FALSE(second.accept().is_open());
}

TEST_F(ConnectRaceTest, GivesADeadAddressItsHeadStartAndNoMore) {
  const SilentAddress dead;
  Listening well;
  const TimePoint begin = Clock::now();
  auto race = this->race({dead.endpoint(), well.endpoint()});
  const auto winner = next(race);
  ASSERT_TRUE(winner) << winner.error().text;
  EXPECT_EQ(winner->address, well.endpoint());
  EXPECT_GE(Clock::now() - begin, 30ms);
  EXPECT_LT(Clock::now() - begin, 5s);  // of the 10 s of the attempt
}

TEST_F(ConnectRaceTest, DoesNotWaitAfterAnAddressHasRefused) {
  Listening well;
  auto race = this->race({refusing(), refusing(), well.endpoint()}, 1h);
  const auto winner = next(race);
  ASSERT_TRUE(winner) << winner.error().text;
  EXPECT_EQ(winner->address, well.endpoint());
}

TEST_F(ConnectRaceTest, AnswersWithTheStreamOfTheOnlyOneLeftOpen) {
  const SilentAddress dead;
  Listening well;
  auto race = this->race({dead.endpoint(), well.endpoint()}, 1ms);
  const auto before = open_descriptors();
  auto winner = next(race);
  ASSERT_TRUE(winner);
  EXPECT_EQ(open_descriptors(), before + 1);
  const Descriptor peer = well.accept();
  ASSERT_TRUE(peer.is_open());
  ASSERT_TRUE(loop.run_until_done(winner->stream->write_all("EHLO", soon())));
  std::array<char, 8> got{};
  EXPECT_EQ(::recv(peer.get(), got.data(), got.size(), 0), 4);
}

TEST_F(ConnectRaceTest, NamesEachAddressWhenAllFail) {
  const SilentAddress dead;
  const Endpoint closed = refusing();
  auto race = this->race({dead.endpoint(), closed}, 5ms, 60ms);
  const auto winner = next(race);
  ASSERT_FALSE(winner);
  EXPECT_THAT(winner.error().text, HasSubstr(closed.to_string() + ": Connection refused"));
  EXPECT_THAT(winner.error().text, HasSubstr(dead.endpoint().to_string() + ": timed out"));
}

TEST_F(ConnectRaceTest, GoesOnWithTheOthersWhenTheWinnerWasOfNoUse) {
  Listening first, second;
  auto race = this->race({first.endpoint(), second.endpoint()});
  ASSERT_TRUE(next(race));
  race.note_failure({ErrorKind::unavailable, "it greeted with 554"});
  const auto winner = next(race);
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->address, second.endpoint());
  race.note_failure({ErrorKind::protocol, "it greeted with garbage"});
  const auto none = next(race);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::protocol);
  EXPECT_EQ(none.error().text, "it greeted with 554; it greeted with garbage");
}

TEST_F(ConnectRaceTest, AsksOneThatLostAgain) {
  const SilentAddress slow;
  Listening quick;
  auto race = this->race({slow.endpoint(), quick.endpoint()}, 5ms, 100ms);
  ASSERT_TRUE(next(race));
  race.note_failure({ErrorKind::unavailable, "it greeted with 554"});
  const auto winner = next(race);
  ASSERT_FALSE(winner);
  EXPECT_THAT(winner.error().text, HasSubstr(slow.endpoint().to_string() + ": timed out"));
}

TEST_F(ConnectRaceTest, EndsWhenItIsCancelledAndLeavesNothingOnTheLoop) {
  const SilentAddress one, other("127.0.0.3");
  auto race = this->race({one.endpoint(), other.endpoint()}, 1ms);
  Timer soon(loop, [this] { cancel.cancel(); });
  soon.start(40ms);
  const auto winner = next(race);
  ASSERT_FALSE(winner);
  EXPECT_EQ(winner.error().kind, ErrorKind::cancelled);
}

TEST_F(ConnectRaceTest, EndsAtTheDeadlineOfItsCaller) {
  const SilentAddress dead;
  ConnectRace race(loop, {dead.endpoint()}, 10s, Deadline::in(30ms), cancel);
  const auto winner = next(race);
  ASSERT_FALSE(winner);
  EXPECT_EQ(winner.error().kind, ErrorKind::timeout);
}

TEST_F(ConnectRaceTest, BlamesNobodyWhileWeHaveNoDescriptorLeft) {
  auto race = this->race({refusing()});
  race.note_failure({ErrorKind::limit, "connect to x: Too many open files"});
  const auto winner = next(race);
  ASSERT_FALSE(winner);
  EXPECT_EQ(winner.error().kind, ErrorKind::limit);
}

}  // namespace
}  // namespace sekisho::test
