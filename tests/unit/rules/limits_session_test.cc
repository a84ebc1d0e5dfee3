// Limits as one session asks for them, the book across reloads and restarts, and many threads.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/limits/session.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::limits {
namespace {

using namespace std::chrono_literals;
using engine::Use;
using ::testing::HasSubstr;

RuleSet limits_of(const std::string& text) {
  testing::Checked checked;
  testing::check_text(text, checked);
  EXPECT_FALSE(checked.diagnostics.has_errors()) << checked.said();
  return std::move(checked.set);
}

RuleSet recipients(const std::string& allow) {
  return limits_of("limit l { count recipients for each auth.user " + allow + " }\n");
}

const RuleSet& all_units() {
  static const RuleSet set = limits_of(
      "limit conn { count connections for each client.ip allow 2 per 1h }\n"
      "limit msgs { count messages for each auth.user allow 2 per 1h }\n"
      "limit rcpts { count recipients for each auth.user allow 3 per 1h }\n"
      "limit fresh { count new recipients for each auth.user allow 2 per 1h }\n"
      "limit size { count bytes for each auth.user allow 1000B per 1h }\n"
      "limit refs { count refusals for each auth.user allow 2 per 1h }\n"
      "limit share_refused { share of recipients refused for each auth.user over 10m, at least 2 "
      "}\n");
  return set;
}
enum : std::size_t { kConn, kMsgs, kRcpts, kFresh, kSize, kRefs, kPart };

class ASession : public ::testing::Test {
 protected:
  bool passes(Session& session, std::size_t limit, Use use = Use::charge, std::uint64_t amount = 1,
              std::string_view recipient = {}) {
    const auto state = session.ask({limit, "ann", amount, recipient}, use);
    EXPECT_TRUE(state.has_value());
    return state && !state->exceeded;
  }
  std::uint64_t count(std::size_t limit) {
    return counters_->limits[limit]->peek(counters_->hash("ann"), 0, now_).count;
  }
  // One mail to one recipient, as far as it comes.
  bool mail(Session& session, std::string_view recipient, bool accepted = true) {
    session.begin(Stage::mail, now_);
    session.begin(Stage::rcpt, now_);
    const bool passed = passes(session, kFresh, Use::charge, 1, recipient);
    if (passed && accepted) {
      session.accept();
    } else {
      session.refuse();
    }
    return passed;
  }

  LimitBook book_{{}};
  TimePoint now_{1h};
  std::shared_ptr<const Counters> counters_ = book_.adopt(all_units(), now_);
};

TEST_F(ASession, IsNotChargedForMailThatWasRefused) {
  Session session(counters_);
  session.begin(Stage::mail, now_);
  session.begin(Stage::rcpt, now_);
  EXPECT_TRUE(passes(session, kRcpts));
  session.begin(Stage::message, now_);
  EXPECT_TRUE(passes(session, kMsgs));
  EXPECT_TRUE(passes(session, kSize, Use::charge, 600));
  EXPECT_EQ(count(kSize), 600U);
  session.refuse();
  EXPECT_EQ(count(kRcpts), 0U);
  EXPECT_EQ(count(kMsgs), 0U);
  EXPECT_EQ(count(kSize), 0U);
}

TEST_F(ASession, IsChargedForMailThatWasAccepted) {
  {
    Session session(counters_);
    session.begin(Stage::mail, now_);
    session.begin(Stage::rcpt, now_);
    EXPECT_TRUE(passes(session, kRcpts));
    session.begin(Stage::message, now_);
    EXPECT_TRUE(passes(session, kMsgs));
    session.accept();
    session.refuse();
  }
  EXPECT_EQ(count(kRcpts), 1U);
  EXPECT_EQ(count(kMsgs), 1U);
}

TEST_F(ASession, GivesBackWhatItHoldsWhenItEndsOrBeginsAnew) {
  {
    Session session(counters_);
    session.begin(Stage::mail, now_);
    session.begin(Stage::rcpt, now_);
    EXPECT_TRUE(passes(session, kRcpts));
    EXPECT_EQ(count(kRcpts), 1U);
    session.begin(Stage::mail, now_);
    EXPECT_EQ(count(kRcpts), 0U);
    session.begin(Stage::rcpt, now_);
    EXPECT_TRUE(passes(session, kRcpts));
  }
  EXPECT_EQ(count(kRcpts), 0U);
}

TEST_F(ASession, IsChargedOncePerEventHoweverOftenItIsAsked) {
  Session session(counters_);
  session.begin(Stage::mail, now_);
  session.begin(Stage::rcpt, now_);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(passes(session, kRcpts));
  EXPECT_EQ(count(kRcpts), 1U);
  session.begin(Stage::rcpt, now_);
  EXPECT_TRUE(passes(session, kRcpts));
  EXPECT_EQ(count(kRcpts), 2U);
}

TEST_F(ASession, RemembersWhatWasExceededForTheStagesBehind) {
  Session session(counters_);
  session.begin(Stage::mail, now_);
  for (int i = 0; i < 3; ++i) {
    session.begin(Stage::rcpt, now_);
    EXPECT_TRUE(passes(session, kRcpts));
  }
  session.begin(Stage::message, now_);
  EXPECT_TRUE(passes(session, kRcpts, Use::read)) << "full, but nobody was one too many";
  session.begin(Stage::rcpt, now_);
  EXPECT_FALSE(passes(session, kRcpts));
  session.begin(Stage::message, now_);
  EXPECT_FALSE(passes(session, kRcpts, Use::read));
  session.refuse_recipient(4);
  EXPECT_TRUE(passes(session, kRcpts, Use::read));
  session.begin(Stage::mail, now_);
  EXPECT_EQ(count(kRcpts), 0U);
}

TEST_F(ASession, NeverChargesWhereItOnlyReads) {
  Session session(counters_);
  session.begin(Stage::mail, now_);
  for (int i = 0; i < 10; ++i) {
    session.begin(Stage::rcpt, now_);
    EXPECT_TRUE(passes(session, kRcpts, Use::read));
    EXPECT_TRUE(passes(session, kMsgs, Use::charge)) << "not where messages count";
  }
  session.accept();
  EXPECT_EQ(count(kRcpts), 0U);
  EXPECT_EQ(count(kMsgs), 0U);
}

TEST_F(ASession, GivesBackOneRecipientThatWasRefused) {
  Session session(counters_);
  session.begin(Stage::mail, now_);
  session.begin(Stage::rcpt, now_);
  EXPECT_TRUE(passes(session, kRcpts));
  session.begin(Stage::rcpt, now_);
  EXPECT_TRUE(passes(session, kRcpts));
  session.refuse_recipient();
  EXPECT_EQ(count(kRcpts), 1U);
  session.refuse_recipient(1);
  EXPECT_EQ(count(kRcpts), 0U);
  session.accept();
  EXPECT_EQ(count(kRcpts), 0U);
}

TEST_F(ASession, CountsItsConnectionOnce) {
  std::vector<std::unique_ptr<Session>> open;
  for (int i = 0; i < 2; ++i) {
    open.push_back(std::make_unique<Session>(counters_));
    open.back()->begin(Stage::connect, now_);
    EXPECT_TRUE(passes(*open.back(), kConn));
    open.back()->accept_connection();
    open.back()->begin(Stage::helo, now_);
    EXPECT_TRUE(passes(*open.back(), kConn, Use::read)) << "its own answer, not the next one's";
    open.back()->begin(Stage::mail, now_);
    EXPECT_TRUE(passes(*open.back(), kConn, Use::read));
  }
  Session third(counters_);
  third.begin(Stage::connect, now_);
  EXPECT_FALSE(passes(third, kConn));
  open.clear();
  EXPECT_EQ(count(kConn), 2U) << "a connection that has ended was one all the same";
}

TEST_F(ASession, CountsARecipientAsNewUntilAMailToItWasAccepted) {
  Session session(counters_);
  EXPECT_TRUE(mail(session, "a@x.example", false));
  EXPECT_EQ(count(kFresh), 0U);
  EXPECT_TRUE(mail(session, "a@x.example"));
  EXPECT_TRUE(mail(session, "A@X.example"));
  EXPECT_EQ(count(kFresh), 1U);
  EXPECT_TRUE(mail(session, "b@x.example"));
  EXPECT_EQ(count(kFresh), 2U);
  EXPECT_FALSE(mail(session, "c@x.example"));
  EXPECT_TRUE(mail(session, "a@x.example")) << "known ones pass a full limit";
}

TEST_F(ASession, CountsANewRecipientOfTwoMailsUnderWayOnce) {
  Session one(counters_);
  Session two(counters_);
  for (auto* session : {&one, &two}) {
    session->begin(Stage::mail, now_);
    session->begin(Stage::rcpt, now_);
    EXPECT_TRUE(passes(*session, kFresh, Use::charge, 1, "a@x.example"));
  }
  EXPECT_EQ(count(kFresh), 2U) << "until one of them is through, each may be the one";
  one.accept();
  two.accept();
  EXPECT_EQ(count(kFresh), 1U);
}

// Else one would be charged for the mail that he gives up, and not for the one that goes through.
TEST_F(ASession, DoesNotRememberRecipientsOfMailThatWasGivenUp) {
  Session given_up(counters_);
  given_up.begin(Stage::mail, now_);
  given_up.begin(Stage::rcpt, now_);
  EXPECT_TRUE(passes(given_up, kFresh, Use::charge, 1, "a@x.example"));
  Session through(counters_);
  EXPECT_TRUE(mail(through, "a@x.example"));
  given_up.refuse();
  EXPECT_EQ(count(kFresh), 1U);
}

TEST_F(ASession, CountsRefusalsAndSharesFromTheOutcome) {
  Session session(counters_);
  session.begin(Stage::outcome, now_);
  EXPECT_TRUE(passes(session, kRefs, Use::charge)) << "never charged by being asked";
  EXPECT_EQ(count(kRefs), 0U);
  session.count(kRefs, "ann", 2);
  EXPECT_FALSE(passes(session, kRefs, Use::read));
  session.count_share(kPart, "ann", 4, 3);
  const auto share = session.ask({kPart, "ann", 1, {}}, Use::read);
  ASSERT_TRUE(share && share->percent);
  EXPECT_DOUBLE_EQ(*share->percent, 75.0);
  EXPECT_EQ(share->total, 4U);
  EXPECT_FALSE(session.ask({99, "ann", 1, {}}, Use::read).has_value());
}

TEST_F(ASession, IsNotPassedByManyAtOnce) {
  // 200 sessions on 8 threads, each taking, giving back and settling in its own order.
  const auto set = recipients("allow 50 per 1h");
  LimitBook book({});
  const auto counters = book.adopt(set, now_);
  for (unsigned round = 0; round < 5; ++round) {
    std::atomic<int> accepted = 0;
    const auto key = "user" + std::to_string(round);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(round * 100 + t);
        for (int i = 0; i < 25; ++i) {
          Session session(counters);
          session.begin(Stage::mail, now_);
          int taken = 0;
          for (auto n = random() % 5; n > 0; --n) {
            session.begin(Stage::rcpt, now_);
            const auto state = session.ask({0, key, 1, {}}, Use::charge);
            if (!state->exceeded) ++taken;
            if (random() % 8 == 0) std::this_thread::yield();
          }
          if (random() % 3 == 0) continue;  // cut off
          session.accept();
          accepted += taken;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_LE(accepted, 50);
    // What was given back is there again: exactly the rest passes.
    Session rest(counters);
    rest.begin(Stage::mail, now_);
    for (;;) {
      rest.begin(Stage::rcpt, now_);
      if (rest.ask({0, key, 1, {}}, Use::charge)->exceeded) break;
      ++accepted;
    }
    EXPECT_EQ(accepted, 50);
  }
}

TEST_F(ASession, LetsNoMoreNewRecipientsPassThanTheBudgetAtAnyParallelism) {
  const auto set =
      limits_of("limit l { count new recipients for each auth.user allow 30 per 1d }\n");
  LimitBook book({});
  const auto counters = book.adopt(set, now_);
  std::mutex mutex;
  std::set<std::string> reached;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 300; ++i) {
        Session session(counters);
        session.begin(Stage::mail, now_);
        session.begin(Stage::rcpt, now_);
        const auto whom = "r" + std::to_string(random() % 100) + "@x.example";
        if (session.ask({0, "ann", 1, whom}, Use::charge)->exceeded) continue;
        if (random() % 2 == 0) continue;
        session.accept();
        const std::lock_guard lock(mutex);
        reached.insert(whom);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(reached.size(), 30U);
}

TEST(TheBook, KeepsCountersOfTheSameNameAndShapeAcrossReloads) {
  LimitBook book({});
  const TimePoint now{1h};
  const auto first = book.adopt(recipients("allow 10 per 1h"), now);
  const auto key = first->hash("ann");
  first->limits[0]->take(key, 6, now);
  first->limits[0]->settle(key, 6, now);
  const auto same = book.adopt(recipients("allow 10 per 1h"), now);
  EXPECT_EQ(same->limits[0], first->limits[0]);
  const auto less = book.adopt(recipients("allow 5 per 1h"), now);
  EXPECT_EQ(less->limits[0]->peek(key, 0, now).count, 6U);
  EXPECT_TRUE(less->limits[0]->peek(key, 1, now).exceeded);
  const auto other =
      book.adopt(limits_of("limit l { count messages for each auth.user allow 5 per 1h }\n"), now);
  EXPECT_EQ(other->limits[0]->peek(key, 0, now).count, 0U);
}

class ABookOnDisk : public ::testing::Test {
 protected:
  static constexpr auto kSet =
      "limit l { count recipients for each auth.user allow 10 per 10s }\n"
      "limit s { share of recipients refused for each auth.user over 10m, at least 1 }\n";
  ABookOnDisk() {
    LimitBook book({});
    const auto counters = book.adopt(set_, now_);
    counters->limits[0]->take(counters->hash("ann"), 6, now_);
    counters->limits[0]->settle(counters->hash("ann"), 5, now_);
    counters->limits[1]->count_share(counters->hash("ann"), 10, 4, now_);
    counters->recipients->remember(counters->hash("x"), now_);
    EXPECT_TRUE(book.save(file_, now_, wall_));
  }
  std::string damaged(const std::function<void(std::string&)>& by) {
    std::ifstream in(file_, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    by(bytes);
    std::ofstream(file_, std::ios::binary) << bytes;
    auto opened = LimitBook::open(file_, {}, later_, wall_);
    const auto counters = opened.book->adopt(set_, later_);
    EXPECT_EQ(opened.book->keys(), 0U);
    return opened.alarm ? opened.alarm->render(LogFormat::logfmt, "") : "";
  }
  test::TempDir dir_;
  std::filesystem::path file_ = dir_.path() / "limits";
  RuleSet set_ = limits_of(kSet);
  TimePoint now_{1000h};
  TimePoint later_{3min};  // the machine was started anew
  WallTime wall_{1'000'000h};
};

TEST_F(ABookOnDisk, GoesOnWhereItWasSaved) {
  auto opened = LimitBook::open(file_, {}, later_, wall_ + 2s);
  ASSERT_FALSE(opened.alarm);
  const auto counters = opened.book->adopt(set_, later_);
  const auto ann = counters->hash("ann");
  // Two of six have run off meanwhile, and what was under way counts.
  EXPECT_EQ(counters->limits[0]->peek(ann, 0, later_).count, 4U);
  EXPECT_EQ(counters->limits[1]->peek_share(ann, later_).total, 10U);
  EXPECT_TRUE(counters->recipients->knows(counters->hash("x"), later_));
  EXPECT_FALSE(counters->recipients->knows(counters->hash("y"), later_));
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms(0600));
}

TEST_F(ABookOnDisk, ForgetsWhatHasRunOff) {
  auto opened = LimitBook::open(file_, {}, later_, wall_ + 20min);
  const auto counters = opened.book->adopt(set_, later_);
  EXPECT_EQ(opened.book->keys(), 0U);
  EXPECT_TRUE(counters->recipients->knows(counters->hash("x"), later_));
  opened = LimitBook::open(file_, {}, later_, wall_ + 24h * 91);
  EXPECT_FALSE(opened.book->adopt(set_, later_)->recipients->knows(counters->hash("x"), later_));
}

TEST_F(ABookOnDisk, TakesAClockThatWasTurnedBackForNoTimeAtAll) {
  auto opened = LimitBook::open(file_, {}, later_, wall_ - 24h);
  const auto counters = opened.book->adopt(set_, later_);
  EXPECT_EQ(counters->limits[0]->peek(counters->hash("ann"), 0, later_).count, 6U);
}

TEST_F(ABookOnDisk, BeginsEmptyAndLoudWhereItIsDamaged) {
  EXPECT_THAT(damaged([](auto& bytes) { bytes[bytes.size() / 2] ^= 1; }),
              HasSubstr("limits-lost level=error file="));
  EXPECT_TRUE(std::filesystem::exists(file_.native() + ".damaged"));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(ABookOnDisk, BeginsEmptyWhereItIsCutOffOrNone) {
  EXPECT_THAT(damaged([](auto& bytes) { bytes.resize(bytes.size() - 1); }), HasSubstr("checksum"));
  EXPECT_THAT(damaged([](auto& bytes) { bytes.clear(); }), HasSubstr("it is none"));
  EXPECT_THAT(damaged([](auto& bytes) { bytes = "sekisho limits 2\n"; }), HasSubstr("version"));
  std::filesystem::remove(file_);
  EXPECT_FALSE(LimitBook::open(file_, {}, later_, wall_).alarm) << "a first start is no damage";
}

}  // namespace
}  // namespace sekisho::rules::limits
