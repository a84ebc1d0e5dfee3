// What becomes of a message when upstreams fail: before the final dot another connection or another
// upstream gets it whole, after the dot nobody does, and the client never reads a false answer.
#include <filesystem>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/unit/gateway/delivery_fixture.h"

namespace sekisho {
namespace {

using test::ScriptedUpstream;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using upstream::Upstreams;
namespace step = test::step;

struct DeliveryFaults : DeliveryFixture {
  ScriptedUpstream first;
  ScriptedUpstream spare;

  DeliveryFaults() { upstreams = {patient("first", first, 10), patient("spare", spare, 20)}; }
  ~DeliveryFaults() override { settle(); }  // while the upstreams still answer

  // One that is tried again however often it failed.
  static std::shared_ptr<upstream::Upstream> patient(const std::string& name,
                                                     const ScriptedUpstream& peer,
                                                     std::int64_t priority) {
    upstream::UpstreamSettings settings = upstream::settings_for(peer.port());
    settings.priority = priority;
    settings.breaker_failures = 1000;
    return upstream(name, settings);
  }
};

// Empties the unlinked files of this process that lie in `folder`.
void empty_open_files(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed_meanwhile;
    const auto target = std::filesystem::read_symlink(entry.path(), closed_meanwhile);
    if (!target.string().starts_with(folder.string())) continue;
    ASSERT_EQ(::ftruncate(std::stoi(entry.path().filename()), 0), 0);
  }
}

TEST_F(DeliveryFaults, UntilTheDotTheSpareGetsTheMessageWithAllRecipients) {
  struct Case {
    std::string_view point;
    std::vector<test::Step> steps;
  };
  const std::vector<Case> cases{
      {"DATA", {step::close()}},
      {"DATA", {step::reset()}},
      {"DATA", {step::reply("421 4.3.2 going down"), step::close()}},
      {"DATA", {step::reply("250 2.0.0 done already")}},
      {"DATA", {step::reply("no answer of SMTP")}},
      {"DATA", {step::reply("354 go\r\n250 2.0.0 queued as EARLY")}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    first.on(cases[i].point, cases[i].steps, 1);
    Delivery delivery(*pool, cancel);
    envelope.recipients.clear();
    add_both(delivery);
    EXPECT_EQ(hand_over(delivery), kAccepted) << i;
    ASSERT_EQ(spare.messages().size(), i + 1);
    EXPECT_THAT(spare.messages().at(i).rcpts,
                ElementsAre("RCPT TO:<bob@example.com>", "RCPT TO:<carol@example.com>"));
    EXPECT_EQ(spare.messages().at(i).data, "Subject: x\r\n\r\nhello\r\n");
    EXPECT_EQ(delivery.upstream(), "spare");
  }
  EXPECT_EQ(first.messages().size(), 0U);
  EXPECT_EQ(first.final_dots(), 0U);
}

TEST_F(DeliveryFaults, AnUpstreamThatClosesInTheMessageLosesItToTheSpare) {
  mail::Spool large{loop, offload, {.directory = directory.path(), .memory = 1000}};
  const std::string text = std::string(78, 'x') + "\r\n";
  std::string all;
  for (int i = 0; i < 50'000; ++i) all += text;
  ASSERT_TRUE(run(large.append(all)));
  first.on("BODY", {step::read(1000), step::close()});
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  const auto outcome = run(delivery.hand_over(envelope, std::string(kHeader), large, patience()));
  EXPECT_TRUE(std::holds_alternative<Acceptances>(outcome));
  ASSERT_EQ(spare.messages().size(), 1U);
  EXPECT_EQ(spare.messages().at(0).data.size(), kHeader.size() + all.size());
  EXPECT_EQ(first.final_dots(), 0U);
}

TEST_F(DeliveryFaults, ARecipientIsAskedForAtTheSpareWithThoseBeforeIt) {
  first.on("RCPT", {step::reply("250 2.1.5 recipient ok")}, 1);
  first.on("RCPT", {step::close()}, 1);
  spare.on("RCPT", {step::reply("250 2.1.5 bob again")}, 1);
  spare.on("RCPT", {step::reply("250 2.1.5 and carol")}, 1);
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(add(delivery, "bob@example.com"), "250 2.1.5 recipient ok");
  EXPECT_EQ(add(delivery, "carol@example.com"), "250 2.1.5 and carol");
  EXPECT_EQ(hand_over(delivery), kAccepted);
  EXPECT_THAT(spare.messages().at(0).rcpts,
              ElementsAre("RCPT TO:<bob@example.com>", "RCPT TO:<carol@example.com>"));
}

TEST_F(DeliveryFaults, ARecipientWhomTheSpareRefusesMakesTheMessageTemporary) {
  for (const std::string refusal : {"550 5.1.1 no such user", "452 4.2.2 full"}) {
    first.on("DATA", {step::close()}, 1);
    spare.on("RCPT", {step::reply("250 2.1.5 ok")}, 1);
    spare.on("RCPT", {step::reply(refusal)}, 1);
    Delivery delivery(*pool, cancel);
    envelope.recipients.clear();
    add_both(delivery);
    EXPECT_EQ(hand_over(delivery), kUnreachable) << refusal;
    EXPECT_THAT(spare.commands(), Not(Contains("DATA")));
  }
  EXPECT_EQ(first.messages().size() + spare.messages().size(), 0U);
}

TEST_F(DeliveryFaults, ASenderWhomTheSpareRefusesMakesTheMessageTemporary) {
  first.on("DATA", {step::close()});
  spare.on("MAIL", {step::reply("550 5.1.8 bad sender")});
  spare.on("RCPT", {step::reply("503 5.5.1 MAIL first")});
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  EXPECT_EQ(hand_over(delivery),
            "451 4.4.2 the mail server behind this gateway changed its mind, try again");
  EXPECT_EQ(spare.final_dots(), 0U);
}

TEST_F(DeliveryFaults, AfterTheDotThereIsNoSecondTry) {
  const std::vector<std::vector<test::Step>> endings{
      {step::close()},
      {step::reset()},
      {step::bytes("250 2.0.0 que"), step::close()},
      {step::reply("250-2.0.0 queued"), step::close()},
      {step::reply("thank you")},
      {step::reply("354 more")},
      {step::reply("100 hm")},
  };
  for (std::size_t i = 0; i < endings.size(); ++i) {
    first.on(".", endings[i], 1);
    Delivery delivery(*pool, cancel);
    envelope.recipients.clear();
    add_both(delivery);
    EXPECT_EQ(hand_over(delivery), kNotConfirmed) << i;
    EXPECT_EQ(first.final_dots(), i + 1);
    EXPECT_FALSE(delivery.holds_connection());
    EXPECT_EQ(pool->idle_connections(), 0U) << i;
  }
  EXPECT_EQ(spare.connections(), 0U);
}

TEST_F(DeliveryFaults, AnUpstreamThatIsSilentAfterTheDotGetsNoSecondDotEither) {
  upstream::UpstreamSettings settings = upstream::settings_for(first.port());
  settings.final_timeout = 50ms;
  upstreams.front() = upstream("first", settings);
  first.on(".", {step::hold()});
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  EXPECT_EQ(hand_over(delivery), kNotConfirmed);
  EXPECT_EQ(first.final_dots(), 1U);
  EXPECT_EQ(spare.connections(), 0U);
}

TEST_F(DeliveryFaults, AnUpstreams421AfterTheDotIsATemporaryAnswerAndNoSecondTry) {
  first.on(".", {step::reply("421 4.3.2 going down"), step::close()});
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  EXPECT_EQ(hand_over(delivery),
            "451 4.3.0 the mail server behind this gateway said: 421 going down");
  EXPECT_EQ(first.final_dots(), 1U);
  EXPECT_EQ(spare.connections(), 0U);
}

TEST_F(DeliveryFaults, APooledConnectionThatFailsIsReplacedWithoutAWord) {
  struct Case {
    std::string_view point;
    std::vector<test::Step> steps;
  };
  const std::vector<Case> cases{
      {"MAIL", {step::close()}},
      {"MAIL", {step::reply("421 4.4.2 idle for too long"), step::close()}},
      {"RCPT", {step::close()}},
      {"DATA", {step::close()}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    send_one();
    ASSERT_EQ(pool->idle_connections(), 1U);
    const std::size_t connections = first.connections();
    first.on(cases[i].point, cases[i].steps, 1);
    Delivery delivery(*pool, cancel);
    envelope.recipients.clear();
    add_both(delivery);
    EXPECT_EQ(hand_over(delivery), kAccepted) << i;
    EXPECT_EQ(delivery.upstream(), "first") << i;
    EXPECT_EQ(first.connections(), connections + 1) << i;
  }
  EXPECT_EQ(spare.connections(), 0U);
  EXPECT_EQ(lines("upstream_down"), 0U);
}

TEST_F(DeliveryFaults, AfterOneStaleConnectionTheNextIsNotTakenFromThePool) {
  {
    Delivery one(*pool, cancel);
    Delivery other(*pool, cancel);
    add(one, "bob@example.com");
    add(other, "bob@example.com");
    pause(one);
    pause(other);
  }
  ASSERT_EQ(pool->idle_connections(), 2U);
  first.on("MAIL", {step::close()}, 1);
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(add(delivery, "bob@example.com"), "250 2.1.5 recipient ok");
  EXPECT_EQ(first.connections(), 3U);
}

TEST_F(DeliveryFaults, AFreshConnectionThatFailsIsNotTriedAgainForTheSameMessage) {
  first.on("MAIL", {step::close()});
  spare.on("MAIL", {step::close()});
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(add(delivery, "bob@example.com"),
            "451 4.4.2 the mail server behind this gateway broke off the connection, try again");
  EXPECT_EQ(first.connections(), 1U);
  EXPECT_EQ(spare.connections(), 1U);
  EXPECT_FALSE(delivery.holds_connection());
}

TEST_F(DeliveryFaults, TheLastFailureIsWhatTheClientAndTheLogAreTold) {
  struct Case {
    std::vector<test::Step> steps;
    std::string_view reply;
    std::string_view logged;
  };
  const std::vector<Case> cases{
      {{step::reply("what?")}, "gave an answer that is none", "what?"},
      {{step::reply("354 go on")}, "gave an answer that is none", "354 go on"},
      {{step::reply("421 4.3.2 bye"), step::close()}, "broke off the connection", "421 4.3.2 bye"},
      {{step::bytes("250-2.1.0 ok"), step::close()}, "broke off the connection", "closed"},
  };
  for (const Case& one : cases) {
    for (const char* point : {"MAIL", "RCPT"}) {
      for (ScriptedUpstream* each : {&first, &spare}) {
        each->clear(point == std::string_view("MAIL") ? "RCPT" : "MAIL");
        each->clear(point);
        each->on(point, one.steps);
      }
      Delivery delivery(*pool, cancel);
      EXPECT_EQ(add(delivery, "bob@example.com"), "451 4.4.2 the mail server behind this gateway " +
                                                      std::string(one.reply) + ", try again");
      EXPECT_THAT(delivery.last_words(), HasSubstr(std::string(one.logged)));
    }
  }
}

TEST_F(DeliveryFaults, WithNobodyThereTheMessageIsTemporary) {
  first.stop();
  spare.stop();
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(add(delivery, "bob@example.com"), kUnreachable);
  EXPECT_THAT(delivery.last_words(), HasSubstr("refused"));
}

TEST_F(DeliveryFaults, ASessionThatIsStoppedReadsThatWeShutDown) {
  cancel.cancel();
  Delivery delivery(*pool, cancel);
  EXPECT_EQ(add(delivery, "bob@example.com"), "421 4.3.2 this server is shutting down, try again");
  EXPECT_EQ(first.connections() + spare.connections(), 0U);
}

TEST_F(DeliveryFaults, WithoutTimeForTheUpstreamsAnswerNoDotGoesUp) {
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  const auto outcome =
      run(delivery.hand_over(envelope, std::string(kHeader), body, Deadline::in(5s)));
  ASSERT_TRUE(std::holds_alternative<smtp::Reply>(outcome));
  EXPECT_EQ(std::get<smtp::Reply>(outcome).summary(), kUnreachable);
  EXPECT_EQ(first.final_dots() + spare.final_dots(), 0U);
}

TEST_F(DeliveryFaults, ASessionThatIsCutInTheMessageSendsNoDot) {
  first.on("DATA", {step::hold()});
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  Timer cut(loop, [this] { cancel.cancel(); });
  cut.start(20ms);
  EXPECT_EQ(hand_over(delivery), "421 4.3.2 this server is shutting down, try again");
  EXPECT_EQ(first.final_dots(), 0U);
  EXPECT_EQ(spare.connections(), 0U);
  EXPECT_EQ(lines("upstream_down"), 0U);
}

TEST_F(DeliveryFaults, ASpoolThatCannotBeReadSendsNoDot) {
  // The message is in a file that is shorter than it should be.
  mail::Spool lost{loop, offload, {.directory = directory.path(), .memory = 1000}};
  ASSERT_TRUE(run(lost.append(std::string(5000, 'x'))));
  ASSERT_TRUE(lost.in_file());
  empty_open_files(directory.path());
  Delivery delivery(*pool, cancel);
  add_both(delivery);
  const auto outcome = run(delivery.hand_over(envelope, std::string(kHeader), lost, patience()));
  ASSERT_TRUE(std::holds_alternative<smtp::Reply>(outcome));
  EXPECT_EQ(std::get<smtp::Reply>(outcome).summary(),
            "451 4.3.0 temporary storage problem, try again");
  EXPECT_EQ(first.final_dots() + spare.final_dots(), 0U);
  EXPECT_EQ(spare.connections(), 0U);
  EXPECT_TRUE(first.wait_until([](const auto& seen) { return seen.open_connections() == 0; }));
}

}  // namespace
}  // namespace sekisho
