#include "filters/chain.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/filters/bench.h"

namespace sekisho::filters::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Verdict refusal() { return Verdict::reject(smtp::Reply::of(550, "5.7.1", "no"), "because"); }

Link link(std::string name, std::shared_ptr<const Filter> filter, LinkSettings settings = {}) {
  return {.name = std::move(name), .filter = std::move(filter), .settings = settings};
}

std::shared_ptr<const Scripted> returning(Verdict verdict) {
  return std::make_shared<const Scripted>(
      [verdict](Stage, View&, const SessionContext&) -> Task<Verdict> { co_return verdict; });
}

std::shared_ptr<const Scripted> throwing(std::string what) {
  return std::make_shared<const Scripted>(
      [what](Stage, View&, const SessionContext&) -> Task<Verdict> {
        throw std::runtime_error(what);
        co_return Verdict::pass();
      });
}

// Waits for what never comes, then says what it is told to, as if nothing had happened.
std::shared_ptr<const Scripted> hanging(Stage where, Verdict afterwards) {
  return std::make_shared<const Scripted>(
      [where, afterwards](Stage stage, View&, const SessionContext& context) -> Task<Verdict> {
        if (stage != where) co_return Verdict::pass();
        [[maybe_unused]] const auto cut =
            co_await context.loop.sleep_until(Deadline::never(), context.cancel);
        co_return afterwards;
      });
}

std::shared_ptr<const Scripted> noting(std::vector<std::string>& seen, std::string name,
                                       StageSet stages) {
  return std::make_shared<const Scripted>(
      [&seen, name](Stage stage, View&, const SessionContext&) -> Task<Verdict> {
        seen.push_back(name + "@" + std::string(to_string(stage)));
        co_return Verdict::pass();
      },
      stages);
}

constexpr LinkSettings kPassing{.on_error = OnError::pass};
constexpr LinkSettings kObserving{.mode = Mode::observe};
constexpr LinkSettings kImpatient{.timeout = std::chrono::milliseconds(20)};

TEST(Chain, RunsFiltersInOrderAndOnlyAtTheirStages) {
  Bench bench;
  std::vector<std::string> seen;
  auto run = bench.open({link("a", noting(seen, "a", {Stage::mail, Stage::rcpt})),
                         link("b", noting(seen, "b", {Stage::rcpt})),
                         link("c", noting(seen, "c", {Stage::mail}))});
  EXPECT_FALSE(bench.run(*run, Stage::mail).verdict.refuses());
  EXPECT_FALSE(bench.run(*run, Stage::rcpt).verdict.refuses());
  EXPECT_FALSE(bench.run(*run, Stage::end).verdict.refuses());
  EXPECT_THAT(seen, ElementsAre("a@mail", "c@mail", "a@rcpt", "b@rcpt"));
}

TEST(Chain, WantsOnlyStagesThatAFilterNamed) {
  const Chain chain({link("a", returning(Verdict::pass()))});
  EXPECT_TRUE(chain.wants(Stage::mail));
  EXPECT_FALSE(chain.wants(Stage::rcpt));
  EXPECT_FALSE(Chain({}).wants(Stage::mail));
}

TEST(Chain, StopsAtTheFirstRefusalAndNamesTheFilter) {
  Bench bench;
  std::vector<std::string> seen;
  auto run = bench.open(
      {link("strict", returning(refusal())), link("later", noting(seen, "later", {Stage::mail}))});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_EQ(outcome.verdict.kind(), Verdict::Kind::reject);
  EXPECT_EQ(outcome.verdict.reply().code, 550);
  EXPECT_EQ(outcome.verdict.why(), "because");
  EXPECT_EQ(outcome.filter, "strict");
  EXPECT_THAT(seen, IsEmpty());
  EXPECT_EQ(
      bench.counted(
          "filter_verdicts_total",
          {{"filter", "strict"}, {"stage", "mail"}, {"verdict", "reject"}, {"mode", "enforce"}}),
      1);
}

TEST(Chain, AcceptSkipsTheRestOfItsStageAndNothingElse) {
  Bench bench;
  std::vector<std::string> seen;
  const auto accepts_at_mail = std::make_shared<const Scripted>(
      [](Stage stage, View&, const SessionContext&) -> Task<Verdict> {
        co_return stage == Stage::mail ? Verdict::accept("known") : Verdict::pass();
      });
  auto run = bench.open({link("friend", accepts_at_mail),
                         link("later", noting(seen, "later", {Stage::mail, Stage::end}))});
  EXPECT_EQ(bench.run(*run, Stage::mail).verdict.kind(), Verdict::Kind::accept);
  EXPECT_THAT(seen, IsEmpty());
  EXPECT_EQ(bench.run(*run, Stage::end).verdict.kind(), Verdict::Kind::pass);
  EXPECT_THAT(seen, ElementsAre("later@end"));
}

TEST(Chain, AnExceptionBecomes451AndIsLoggedAndCounted) {
  Bench bench;
  auto run = bench.open({link("broken", throwing("disk\nFAKE src=[10.0.0.1]:1"))});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_EQ(outcome.verdict.kind(), Verdict::Kind::defer);
  EXPECT_EQ(outcome.verdict.reply().summary(), "451 4.3.0 temporary problem, try again later");
  EXPECT_EQ(outcome.filter, "broken");
  EXPECT_EQ(bench.counted("filter_errors_total", {{"filter", "broken"}, {"kind", "exception"}}), 1);
  const auto lines = bench.log->kept();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("filter_error src=[192.0.2.7]:4711 "));
  EXPECT_THAT(lines[0], AllOf(HasSubstr("filter=broken"), HasSubstr("stage=mail"),
                              HasSubstr("disk\\nFAKE"), HasSubstr("S1.1")));
  EXPECT_EQ(lines[0].find('\n'), std::string::npos);
}

TEST(Chain, OnErrorPassLetsTheNextFilterDecide) {
  Bench bench;
  auto run = bench.open(
      {link("broken", throwing("oops"), kPassing), link("strict", returning(refusal()))});
  EXPECT_EQ(bench.run(*run, Stage::mail).filter, "strict");
  EXPECT_EQ(bench.counted("filter_errors_total", {{"filter", "broken"}, {"kind", "exception"}}), 1);
}

TEST(Chain, CheckFailedIsCountedUnderItsOwnKind) {
  Bench bench;
  const auto failing =
      std::make_shared<const Scripted>([](Stage, View&, const SessionContext&) -> Task<Verdict> {
        throw CheckFailed({ErrorKind::unavailable, "the server is away"});
        co_return Verdict::pass();
      });
  auto run = bench.open({link("lookup", failing)});
  EXPECT_EQ(bench.run(*run, Stage::mail).verdict.reply().code, 451);
  EXPECT_EQ(bench.counted("filter_errors_total", {{"filter", "lookup"}, {"kind", "unavailable"}}),
            1);
}

TEST(Chain, AVerdictOfTheWrongReplyClassIsABugAndBecomes451) {
  EXPECT_THROW(Verdict::reject(smtp::Reply::of(250, "2.0.0", "fine"), ""), std::logic_error);
  EXPECT_THROW(Verdict::reject(smtp::Reply::of(451, "4.0.0", "later"), ""), std::logic_error);
  EXPECT_THROW(Verdict::defer(smtp::Reply::of(550, "5.0.0", "no"), ""), std::logic_error);
  EXPECT_THROW(Verdict::defer(smtp::Reply{450, smtp::EnhancedCode{5, 0, 0}, {"no"}}, ""),
               std::logic_error);
  EXPECT_THROW(Verdict::defer(smtp::Reply{}, ""), std::logic_error);
  Bench bench;
  const auto confused =
      std::make_shared<const Scripted>([](Stage, View&, const SessionContext&) -> Task<Verdict> {
        co_return Verdict::reject(smtp::Reply::of(250, "2.0.0", "fine"), "");
      });
  auto run = bench.open({link("confused", confused)});
  EXPECT_EQ(bench.run(*run, Stage::mail).verdict.reply().code, 451);
}

TEST(Chain, AFilterThatCannotBeOpenedBecomes451) {
  class Unopened final : public Filter {
   public:
    explicit Unopened(bool throws) : throws_(throws) {}
    [[nodiscard]] StageSet stages() const override { return {Stage::mail}; }
    [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext&) const override {
      if (throws_) throw std::runtime_error("no");
      return nullptr;
    }
    bool throws_;
  };
  for (const bool throws : {true, false}) {
    Bench bench;
    auto run = bench.open({link("shut", std::make_shared<const Unopened>(throws))});
    EXPECT_EQ(bench.run(*run, Stage::mail).verdict.reply().code, 451) << throws;
  }
}

TEST(Chain, AHangingFilterIsCutAtItsTimeout) {
  Bench bench;
  auto run = bench.open({link("slow", hanging(Stage::mail, Verdict::pass()), kImpatient)});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_EQ(outcome.verdict.reply().code, 451);
  EXPECT_EQ(bench.counted("filter_errors_total", {{"filter", "slow"}, {"kind", "timeout"}}), 1);
  EXPECT_GE(bench.counted("filter_seconds_total", {{"filter", "slow"}}), 0.02);
}

TEST(Chain, WhateverAFilterSaysAfterItsTimeoutDoesNotCount) {
  for (const Verdict& late : {Verdict::pass(), Verdict::accept("late"), refusal()}) {
    Bench bench;
    auto run = bench.open({link("slow", hanging(Stage::mail, late), kImpatient)});
    EXPECT_EQ(bench.run(*run, Stage::mail).verdict.reply().code, 451) << to_string(late.kind());
  }
}

TEST(Chain, AFilterIsOpenedAnewAfterItsTimeout) {
  Bench bench;
  const auto filter = hanging(Stage::mail, Verdict::pass());
  auto run = bench.open({link("slow", filter, kImpatient)});
  EXPECT_TRUE(bench.run(*run, Stage::mail).verdict.refuses());
  EXPECT_FALSE(bench.run(*run, Stage::end).verdict.refuses());
  EXPECT_FALSE(bench.run(*run, Stage::end).verdict.refuses());
  EXPECT_EQ(filter->opened, 2);
}

TEST(Chain, AFilterThatWaitsAndIsDoneInTimeIsNotCut) {
  Bench bench;
  const auto filter = std::make_shared<const Scripted>(
      [](Stage, View&, const SessionContext& context) -> Task<Verdict> {
        const auto done = co_await context.offload.run(context.loop, [] { return 7; });
        co_return done && *done == 7 ? refusal() : Verdict::pass();
      });
  auto run = bench.open({link("worker", filter)});
  EXPECT_EQ(bench.run(*run, Stage::mail).verdict.reply().code, 550);
}

TEST(Chain, TheEndOfTheSessionEndsAFiltersWait) {
  Bench bench;
  auto run = bench.open({link("slow", hanging(Stage::mail, Verdict::pass()))});
  bench.loop.post([&] { bench.cancel.cancel(); });
  EXPECT_EQ(bench.run(*run, Stage::mail).verdict.reply().code, 451);
  EXPECT_EQ(bench.counted("filter_errors_total", {{"filter", "slow"}, {"kind", "cancelled"}}), 1);
}

TEST(Chain, AFilterOpenedAfterTheEndOfTheSessionDoesNotWait) {
  Bench bench;
  bench.cancel.cancel();
  auto run = bench.open({link("slow", hanging(Stage::mail, Verdict::pass()))});
  EXPECT_EQ(bench.run(*run, Stage::mail).verdict.reply().code, 451);
}

TEST(Chain, ObserveModeLogsAndCountsButNeverActs) {
  Bench bench;
  const auto meddling = std::make_shared<const Scripted>(
      [](Stage, View& view, const SessionContext&) -> Task<Verdict> {
        view.edits.add("X-Meddled", "yes");
        view.trace.hide_client = true;
        co_return refusal();
      });
  auto run = bench.open({link("trial", meddling, kObserving)});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_EQ(outcome.verdict.kind(), Verdict::Kind::pass);
  EXPECT_TRUE(outcome.filter.empty());
  EXPECT_TRUE(bench.edits.empty());
  EXPECT_FALSE(bench.trace.hide_client);
  EXPECT_EQ(
      bench.counted(
          "filter_verdicts_total",
          {{"filter", "trial"}, {"stage", "mail"}, {"verdict", "reject"}, {"mode", "observe"}}),
      1);
  const auto lines = bench.log->kept();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("would_reject src=[192.0.2.7]:4711"),
                              HasSubstr("filter=trial"), HasSubstr("why=because")));
}

TEST(Chain, ObserveModeNeitherAcceptsNorQuarantinesNorFails) {
  Bench bench;
  std::vector<std::string> seen;
  auto run = bench.open({link("a", returning(Verdict::accept("x")), kObserving),
                         link("q", returning(Verdict::quarantine("x")), kObserving),
                         link("e", throwing("x"), kObserving),
                         link("later", noting(seen, "later", {Stage::mail}))});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_EQ(outcome.verdict.kind(), Verdict::Kind::pass);
  EXPECT_FALSE(outcome.quarantine);
  EXPECT_THAT(seen, ElementsAre("later@mail"));
  EXPECT_EQ(bench.counted("filter_errors_total", {{"filter", "e"}, {"kind", "exception"}}), 1);
}

TEST(Chain, EditsOfAPassingFilterStayAndThoseOfAFailedOneGo) {
  Bench bench;
  const auto editing = std::make_shared<const Scripted>(
      [](Stage, View& view, const SessionContext&) -> Task<Verdict> {
        view.edits.add("X-Good", "1");
        view.trace.hide_client = true;
        co_return Verdict::pass();
      });
  const auto failing = std::make_shared<const Scripted>(
      [](Stage, View& view, const SessionContext&) -> Task<Verdict> {
        view.edits.add("X-Bad", "1");
        throw std::runtime_error("half way");
        co_return Verdict::pass();
      });
  auto run = bench.open({link("good", editing), link("bad", failing, kPassing)});
  EXPECT_FALSE(bench.run(*run, Stage::mail).verdict.refuses());
  EXPECT_EQ(bench.edits.apply(""), "X-Good: 1\r\n");
  EXPECT_TRUE(bench.trace.hide_client);
}

TEST(Chain, QuarantineGoesOnAndKeepsTheFirstReason) {
  Bench bench;
  std::vector<std::string> seen;
  auto run = bench.open({link("q1", returning(Verdict::quarantine("first"))),
                         link("q2", returning(Verdict::quarantine("second"))),
                         link("later", noting(seen, "later", {Stage::mail}))});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_EQ(outcome.verdict.kind(), Verdict::Kind::pass);
  EXPECT_TRUE(outcome.quarantine);
  EXPECT_EQ(outcome.quarantine_why, "first");
  EXPECT_EQ(outcome.filter, "q1");
  EXPECT_THAT(seen, ElementsAre("later@mail"));
}

TEST(Chain, EndedReachesEveryOpenedFilterThoughOneThrows) {
  Bench bench;
  std::vector<std::string> told;
  const auto pass = [](Stage, View&, const SessionContext&) -> Task<Verdict> {
    co_return Verdict::pass();
  };
  const auto with_end = [&](std::string name, Stage stage, bool throws) {
    return std::make_shared<const Scripted>(
        pass, StageSet{stage},
        [&told, name, throws](const mail::Envelope& envelope, const Ending& ending) {
          told.push_back(name + envelope.id + (ending.accepted ? "+" : "-"));
          if (throws) throw std::runtime_error("in ended");
        });
  };
  auto run = bench.open({link("a", with_end("a", Stage::mail, true)),
                         link("unused", with_end("unused", Stage::auth, false)),
                         link("b", with_end("b", Stage::mail, false))});
  bench.run(*run, Stage::mail);
  run->ended(bench.envelope, {.accepted = true});
  EXPECT_THAT(told, ElementsAre("aS1.1+", "bS1.1+"));
  EXPECT_EQ(bench.counted("filter_errors_total", {{"filter", "a"}, {"kind", "exception"}}), 1);
}

TEST(Chain, CountsPassesPerStage) {
  Bench bench;
  auto run = bench.open({link("calm", returning(Verdict::pass()))});
  bench.run(*run, Stage::mail);
  bench.run(*run, Stage::mail);
  bench.run(*run, Stage::end);
  const auto passed = [&](const char* stage) {
    return bench.counted(
        "filter_verdicts_total",
        {{"filter", "calm"}, {"stage", stage}, {"verdict", "pass"}, {"mode", "enforce"}});
  };
  EXPECT_EQ(passed("mail"), 2);
  EXPECT_EQ(passed("end"), 1);
}

TEST(LinkSettings, RefusesATimeoutOfNothing) {
  LinkSettings settings;
  TestSettings zero({{"timeout", std::chrono::milliseconds(0)}});
  settings.visit(zero);
  EXPECT_EQ(zero.errors.size(), 1U);
}

TEST(LinkSettings, ReadsModeAndOnErrorByTheirWords) {
  LinkSettings settings;
  TestSettings given({{"mode", std::string("observe")}, {"on_error", std::string("pass")}});
  settings.visit(given);
  EXPECT_EQ(settings.mode, Mode::observe);
  EXPECT_EQ(settings.on_error, OnError::pass);
  EXPECT_THAT(given.errors, IsEmpty());
}

TEST(Chain, DiscardIsAnOrderOnlyOfAFilterWhoseConfigurationSaysSo) {
  Bench bench;
  const auto discard = [](Stage, View&, const SessionContext&) -> Task<Verdict> {
    co_return Verdict::discard("a virus");
  };
  auto allowed = std::make_shared<Scripted>(discard);
  allowed->discards = true;
  auto run = bench.open({link("av", allowed)});
  const auto dropped = bench.run(*run, Stage::end);
  ASSERT_TRUE(dropped.discard);
  EXPECT_EQ(dropped.discard->filter(), "av");
  EXPECT_EQ(dropped.discard->why(), "a virus");

  auto forbidden = bench.open({link("av", std::make_shared<Scripted>(discard))});
  const auto deferred = bench.run(*forbidden, Stage::end);
  EXPECT_FALSE(deferred.discard);
  EXPECT_EQ(deferred.verdict.reply().code, 451);
}

TEST(Chain, DiscardBeforeTheEndOfTheMessageIsAFailure) {
  Bench bench;
  auto filter =
      std::make_shared<Scripted>([](Stage, View&, const SessionContext&) -> Task<Verdict> {
        co_return Verdict::discard("too early");
      });
  filter->discards = true;
  auto run = bench.open({link("av", filter)});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_FALSE(outcome.discard);
  EXPECT_EQ(outcome.verdict.reply().code, 451);
}

TEST(Chain, DiscardThatIsOnlyObservedIsNone) {
  Bench bench;
  auto filter =
      std::make_shared<Scripted>([](Stage, View&, const SessionContext&) -> Task<Verdict> {
        co_return Verdict::discard("a virus");
      });
  filter->discards = true;
  auto run = bench.open({link("av", filter, kObserving)});
  EXPECT_FALSE(bench.run(*run, Stage::end).discard);
  EXPECT_THAT(bench.log->kept(), ElementsAre(HasSubstr("would_discard")));
}

TEST(Chain, DisconnectEndsTheStageWithItsReply) {
  Bench bench;
  std::vector<std::string> seen;
  auto run = bench.open(
      {link("it", returning(Verdict::disconnect(smtp::Reply::of(421, "4.7.0", "bye"), "rude"))),
       link("later", noting(seen, "later", {Stage::mail}))});
  const auto outcome = bench.run(*run, Stage::mail);
  EXPECT_TRUE(outcome.disconnects());
  EXPECT_TRUE(outcome.verdict.refuses());
  EXPECT_THAT(seen, IsEmpty());
  EXPECT_THROW(Verdict::disconnect(smtp::Reply::of(550, "5.7.1", "no"), ""), std::logic_error);
}

std::shared_ptr<const Scripted> wishing(std::string route, std::chrono::milliseconds delay) {
  return std::make_shared<const Scripted>(
      [route, delay](Stage, View& view, const SessionContext&) -> Task<Verdict> {
        view.wishes.route = route;
        view.wishes.delay = delay;
        co_return Verdict::pass();
      });
}

TEST(Chain, DelaysAddUpToABound) {
  Bench bench;
  auto run = bench.open({link("a", wishing("one", 2s)), link("b", wishing("two", 3s))});
  EXPECT_EQ(bench.run(*run, Stage::mail).delay, 5s);
  EXPECT_EQ(bench.wishes.route, "two");
  auto endless = bench.open({link("a", wishing("", 100s)), link("b", wishing("", 100s))});
  EXPECT_EQ(bench.run(*endless, Stage::mail).delay, Wishes::kMaxDelay);
}

TEST(Chain, WishesOfAnObservedFilterAreDropped) {
  Bench bench;
  auto run = bench.open({link("a", wishing("one", 2s), kObserving)});
  EXPECT_EQ(bench.run(*run, Stage::mail).delay, 0s);
  EXPECT_EQ(bench.wishes.route, "");
}

TEST(Chain, WaitIsCutWithTheSession) {
  Bench bench;
  auto run = bench.open({link("a", wishing("", 0s))});
  bench.cancel.cancel();
  bench.loop.run_until_done(run->wait(Wishes::kMaxDelay));
}

}  // namespace
}  // namespace sekisho::filters::testing
