#include "gateway/upstream/recipient_cache.h"

#include <thread>

#include <gtest/gtest.h>

#include "tests/support/settings_errors.h"

namespace sekisho::upstream {
namespace {

using smtp::Reply;

Upstreams group_of(const std::vector<std::string>& names) {
  Upstreams group;
  for (const std::string& name : names) {
    group.push_back(std::make_shared<Upstream>(UpstreamSettings{}));
    group.back()->name = name;
  }
  return group;
}

smtp::Mailbox mailbox(std::string_view text) { return smtp::parse_mailbox(text).value(); }

struct RecipientCacheTest : ::testing::Test {
  RecipientCacheSettings settings{.unknown = std::chrono::minutes(5),
                                  .known = std::chrono::hours(1)};
  const Upstreams group = group_of({"main"});
  const smtp::Mailbox bob = mailbox("bob@example.com");
  const TimePoint now = Clock::now();
  const Reply unknown = Reply::of(550, "5.1.1", "no such user");
  const Reply fine = Reply::of(250, "2.1.5", "fine");
};

TEST_F(RecipientCacheTest, RemembersARefusalForItsTimeAndNoLonger) {
  RecipientCache cache(settings);
  EXPECT_FALSE(cache.find(group, bob, now));
  cache.learn(group, bob, unknown, "main", now);
  const auto found = cache.find(group, bob, now + 299s);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reply.summary(), "550 5.1.1 no such user");
  EXPECT_EQ(found->upstream, "main");
  EXPECT_FALSE(cache.find(group, bob, now + 300s));
}

TEST_F(RecipientCacheTest, RemembersAnAcceptanceForItsOwnTime) {
  RecipientCache cache(settings);
  cache.learn(group, bob, fine, "main", now);
  EXPECT_TRUE(cache.find(group, bob, now + 3599s)->reply.positive());
  EXPECT_FALSE(cache.find(group, bob, now + 3600s));
}

TEST_F(RecipientCacheTest, KeepsOnlyWhatSpeaksOfTheRecipientAlone) {
  const std::vector<std::pair<Reply, bool>> cases{
      {Reply::of(550, "5.1.1", "no such user"), true},
      {Reply::of(550, "5.1.10", "RESOLVER.ADR.RecipientNotFound"), true},
      {Reply::of(551, "5.1.6", "moved"), true},
      {Reply::of(550, "5.7.1", "this sender is not wanted"), false},
      {Reply::of(552, "5.2.2", "mailbox full"), false},
      {Reply::of(553, "5.1.8", "bad sender"), false},
      {Reply::of(450, "4.1.1", "try again"), false},
      {Reply::of(421, "4.3.2", "going down"), false},
      {Reply::plain(550, "sender verify failed"), false},
  };
  for (const auto& [reply, kept] : cases) {
    RecipientCache cache(settings);
    cache.learn(group, bob, reply, "main", now);
    EXPECT_EQ(cache.find(group, bob, now).has_value(), kept) << reply.summary();
  }
}

TEST_F(RecipientCacheTest, TakesACodeForAnUpstreamWithoutEnhancedOnes) {
  settings.refusals = {"550"};
  RecipientCache cache(settings);
  cache.learn(group, bob, Reply::plain(550, "unrouteable address"), "main", now);
  EXPECT_TRUE(cache.find(group, bob, now));
  cache.learn(group, bob, Reply::of(550, "5.7.1", "not from you"), "main", now);
  EXPECT_FALSE(cache.find(group, bob, now)) << "an enhanced code says more than the code";
}

TEST_F(RecipientCacheTest, KeepsNothingWhoseTimeIsZero) {
  settings.unknown = settings.known = 0ms;
  EXPECT_FALSE(settings.used());
  RecipientCache cache(settings);
  cache.learn(group, bob, unknown, "main", now);
  cache.learn(group, mailbox("carol@example.com"), fine, "main", now);
  EXPECT_FALSE(cache.find(group, bob, now));
  EXPECT_FALSE(cache.find(group, mailbox("carol@example.com"), now));
}

TEST_F(RecipientCacheTest, TellsGroupsAndLocalPartsApartButNotTheCaseOfADomain) {
  RecipientCache cache(settings);
  cache.learn(group, bob, unknown, "main", now);
  EXPECT_TRUE(cache.find(group, mailbox("bob@EXAMPLE.com"), now));
  EXPECT_FALSE(cache.find(group, mailbox("Bob@example.com"), now));
  EXPECT_FALSE(cache.find(group_of({"other"}), bob, now));
  EXPECT_FALSE(cache.find(group_of({"main", "spare"}), bob, now));
}

TEST_F(RecipientCacheTest, StaysBoundedUnderADictionaryAttack) {
  settings.max_entries = 160;
  RecipientCache cache(settings);
  for (int i = 0; i < 10'000; ++i)
    cache.learn(group, mailbox("guess" + std::to_string(i) + "@example.com"), unknown, "main", now);
  int kept = 0;
  for (int i = 0; i < 10'000; ++i)
    kept += cache.find(group, mailbox("guess" + std::to_string(i) + "@example.com"), now) ? 1 : 0;
  EXPECT_LE(kept, 160);
  EXPECT_GT(kept, 100);
  EXPECT_TRUE(cache.find(group, mailbox("guess9999@example.com"), now)) << "the newest stays";
}

TEST_F(RecipientCacheTest, CutsAReplyThatIsLong) {
  RecipientCache cache(settings);
  Reply chatty = unknown;
  chatty.lines.assign(50, std::string(500, 'x'));
  cache.learn(group, bob, chatty, "main", now);
  const auto found = cache.find(group, bob, now);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reply.lines.size(), 2U);
  EXPECT_EQ(found->reply.lines.front().size(), 256U);
}

TEST_F(RecipientCacheTest, IsSharedByThreads) {
  RecipientCache cache(settings);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        const auto one = mailbox("user" + std::to_string((i * 7 + t) % 100) + "@example.com");
        if (i % 3 == 0) cache.forget(group, one);
        if (!cache.find(group, one, now)) cache.learn(group, one, unknown, "main", now);
      }
    });
  for (std::thread& thread : threads) thread.join();
  cache.learn(group, bob, unknown, "main", now);
  EXPECT_TRUE(cache.find(group, bob, now));
}

TEST(RecipientCacheSettings, NamesTheKeyThatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, bool>> cases{
      {{"5.1.1"}, true},   {{"550"}, true},  {{"5.1.1", "553"}, true}, {{"4.1.1"}, false},
      {{"450"}, false},    {{"all"}, false}, {{"0550"}, false},        {{""}, false},
      {{"5.1.1 "}, false}, {{}, false},
  };
  for (const auto& [refusals, good] : cases) {
    RecipientCacheSettings settings;
    settings.refusals = refusals;
    test::SettingsErrors visitor;
    settings.visit(visitor);
    EXPECT_EQ(visitor.errors.empty(), good) << testing::PrintToString(refusals);
    if (!good) EXPECT_TRUE(visitor.errors.front().starts_with("refusals: "));
  }
}

}  // namespace
}  // namespace sekisho::upstream
