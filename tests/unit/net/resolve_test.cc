// Host names, by the system and by look-ups that the test holds up.
#include "gateway/net/resolve.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

using Found = Result<std::vector<Endpoint>>;

// A look-up that waits until it is let go, and counts.
struct SlowLookUp : std::enable_shared_from_this<SlowLookUp> {
  NameResolver::LookUp function() {
    return [self = shared_from_this()](const std::string& host) { return self->answer(host); };
  }
  Result<NameResolver::Addresses> answer(const std::string& host) {
    std::unique_lock lock(mutex);
    ++calls;
    ++running;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    --running;
    changed.notify_all();
    if (host.starts_with("bad")) return fail(ErrorKind::unavailable, "no such host: " + host);
    if (host.starts_with("out")) return fail(ErrorKind::limit, "no descriptors left for " + host);
    return NameResolver::Addresses{IpAddress::v4({192, 0, 2, 1})};
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  void wait_for(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 10s, condition));
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int calls = 0;
  int running = 0;
};

struct ResolveTest : ::testing::Test {
  ~ResolveTest() override { slow->let_go(); }

  Found resolve(NameResolver& resolver, std::string host, Deadline deadline = Deadline::in(10s)) {
    return loop.run_until_done(resolver.resolve(loop, std::move(host), 2525, deadline, cancel));
  }
  // Asks without waiting for the answer.
  std::shared_ptr<std::optional<Found>> ask(NameResolver& resolver, std::string host) {
    auto found = std::make_shared<std::optional<Found>>();
    spawn([](ResolveTest& self, NameResolver& with, std::string name,
             std::shared_ptr<std::optional<Found>> out) -> Task<void> {
      out->emplace(
          co_await with.resolve(self.loop, std::move(name), 2525, Deadline::in(10s), self.cancel));
    }(*this, resolver, std::move(host), found));
    return found;
  }
  void turn_until(const std::function<bool()>& condition) {
    loop.run_until_done([](Loop& on, const std::function<bool()>& holds) -> Task<void> {
      const Deadline deadline = Deadline::in(10s);
      CancelSource never;
      while (!holds() && !deadline.passed(Clock::now()))
        (void)co_await on.sleep_until(Deadline::in(1ms), never);
      EXPECT_TRUE(holds());
    }(loop, condition));
  }

  Loop loop;
  CancelSource cancel;
  // Shared with threads that nobody waits for.
  std::shared_ptr<SlowLookUp> slow = std::make_shared<SlowLookUp>();
};

TEST_F(ResolveTest, TakesLiteralsAsTheyAreWithoutALookUp) {
  NameResolver resolver({.look_up = slow->function()});
  for (const auto& [host, shown] :
       {std::pair("192.0.2.7", "192.0.2.7:2525"), std::pair("2001:db8::1", "[2001:db8::1]:2525"),
        std::pair("[2001:db8::1]", "[2001:db8::1]:2525"),
        std::pair("::ffff:192.0.2.7", "192.0.2.7:2525")}) {
    const auto found = resolve(resolver, host);
    ASSERT_TRUE(found) << host;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().to_string(), shown);
  }
  EXPECT_EQ(slow->calls, 0);
}

TEST_F(ResolveTest, LooksUpNames) {
  NameResolver resolver;
  const auto found = resolve(resolver, "localhost");
  ASSERT_TRUE(found) << found.error().text;
  ASSERT_FALSE(found->empty());
  for (const Endpoint& each : *found) {
    EXPECT_EQ(each.port, 2525);
    EXPECT_TRUE(each.address.to_string() == "127.0.0.1" || each.address.to_string() == "::1");
  }
}

TEST_F(ResolveTest, RefusesWhatIsNoName) {
  NameResolver resolver({.look_up = slow->function()});
  for (const std::string& host :
       {std::string(), std::string(300, 'a'), std::string("local\0host", 10)}) {
    const auto found = resolve(resolver, host);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::invalid);
  }
  EXPECT_EQ(slow->calls, 0);
}

TEST_F(ResolveTest, AnUnknownNameIsUnavailable) {
  NameResolver resolver;
  // A label of 64 bytes: the resolver refuses it without asking anybody.
  const auto found = resolve(resolver, std::string(64, 'a') + ".invalid");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
  EXPECT_NE(found.error().text.find(".invalid"), std::string::npos);
}

TEST_F(ResolveTest, AsksOnceForAllWhoWaitForTheSameName) {
  NameResolver resolver({.look_up = slow->function()});
  std::vector<std::shared_ptr<std::optional<Found>>> asked;
  for (int i = 0; i < 20; ++i) asked.push_back(ask(resolver, "mta.example"));
  slow->let_go();
  turn_until(
      [&] { return std::ranges::all_of(asked, [](const auto& one) { return one->has_value(); }); });
  for (const auto& one : asked) EXPECT_EQ((**one)->front().to_string(), "192.0.2.1:2525");
  EXPECT_EQ(slow->calls, 1);
}

TEST_F(ResolveTest, AnswersSeveralLoopsFromOneLookUp) {
  NameResolver resolver({.look_up = slow->function()});
  const auto here = ask(resolver, "mta.example");
  std::atomic<bool> joined = false;
  Found there = fail(ErrorKind::unavailable, "not yet");
  std::thread thread([&] {
    Loop other;
    CancelSource never;
    other.post([&] { joined = true; });
    there =
        other.run_until_done(resolver.resolve(other, "mta.example", 25, Deadline::in(10s), never));
  });
  while (!joined) std::this_thread::yield();
  slow->let_go();
  turn_until([&] { return here->has_value(); });
  thread.join();
  ASSERT_TRUE(there);
  EXPECT_EQ(there->front().to_string(), "192.0.2.1:25");
  EXPECT_EQ(slow->calls, 1);
}

TEST_F(ResolveTest, StopsWaitingAtTheDeadlineAndKeepsTheLateAnswer) {
  NameResolver resolver({.look_up = slow->function()});
  const auto late = resolve(resolver, "mta.example", Deadline::in(20ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  EXPECT_NE(late.error().text.find("mta.example"), std::string::npos);
  slow->let_go();
  EXPECT_TRUE(resolve(resolver, "mta.example"));
  EXPECT_EQ(slow->calls, 1);
}

TEST_F(ResolveTest, StopsWaitingWhenCancelled) {
  NameResolver resolver({.look_up = slow->function()});
  const auto asked = ask(resolver, "mta.example");
  cancel.cancel();
  turn_until([&] { return asked->has_value(); });
  EXPECT_EQ((*asked)->error().kind, ErrorKind::cancelled);
}

TEST_F(ResolveTest, KeepsAnswersForAWhileAndFailuresForLess) {
  struct Case {
    std::string host;
    Duration keep;
    Duration keep_failure;
    int calls;
  };
  for (const Case& one : {Case{"mta.example", 1h, 0s, 1}, Case{"mta.example", 0s, 1h, 3},
                          Case{"bad.example", 0s, 1h, 1}, Case{"bad.example", 1h, 0s, 3},
                          Case{"out.example", 1h, 1h, 3}}) {
    slow->let_go();
    slow->calls = 0;
    NameResolver resolver(
        {.look_up = slow->function(), .keep = one.keep, .keep_failure = one.keep_failure});
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(resolve(resolver, one.host).has_value(), one.host == "mta.example");
    EXPECT_EQ(slow->calls, one.calls) << one.host;
  }
}

TEST_F(ResolveTest, ReportsWhyThereIsNoAddress) {
  slow->let_go();
  NameResolver resolver({.look_up = slow->function()});
  EXPECT_EQ(resolve(resolver, "bad.example").error().text, "no such host: bad.example");
  EXPECT_EQ(resolve(resolver, "out.example").error().kind, ErrorKind::limit);
}

TEST_F(ResolveTest, ASilentServerHoldsUpOnlyAsManyThreadsAsThereMayBe) {
  NameResolver resolver({.look_up = slow->function(), .max_threads = 2});
  std::vector<std::shared_ptr<std::optional<Found>>> asked;
  for (int i = 0; i < 6; ++i)
    asked.push_back(ask(resolver, "mta" + std::to_string(i) + ".example"));
  slow->wait_for([this] { return slow->running == 2; });
  EXPECT_FALSE(resolve(resolver, "other.example", Deadline::in(20ms)));
  EXPECT_EQ(slow->calls, 2);
  slow->let_go();
  turn_until(
      [&] { return std::ranges::all_of(asked, [](const auto& one) { return one->has_value(); }); });
  slow->wait_for([this] { return slow->calls == 7 && slow->running == 0; });
}

TEST_F(ResolveTest, DiesWithoutWaitingForALookUp) {
  auto resolver = std::make_unique<NameResolver>(
      NameResolver::Options{.look_up = slow->function(), .max_threads = 1});
  EXPECT_FALSE(resolve(*resolver, "mta.example", Deadline::in(20ms)));
  EXPECT_FALSE(resolve(*resolver, "next.example", Deadline::in(20ms)));
  resolver.reset();  // would hang here
  slow->let_go();
  slow->wait_for([this] { return slow->running == 0; });
  EXPECT_EQ(slow->calls, 1) << "and starts no other";
}

}  // namespace
}  // namespace sekisho
