// One message whose recipients belong to two groups of upstreams: each answers for its own, and the
// client reads a 250 only when both took it.
#include <gmock/gmock.h>

#include "tests/unit/gateway/delivery_fixture.h"

namespace sekisho {
namespace {

using smtp::Reply;
using test::ScriptedUpstream;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using upstream::Upstreams;
namespace step = test::step;

struct DeliveryLegs : DeliveryFixture {
  ScriptedUpstream ours;
  ScriptedUpstream theirs;
  Upstreams to_ours{upstream("ours", ours)};
  Upstreams to_theirs{upstream("theirs", theirs)};

  ~DeliveryLegs() override { settle(); }

  void add_to(Delivery& delivery, const Upstreams& group, std::string_view recipient) {
    const Reply reply =
        run(delivery.add_recipient(envelope, upstream::grant_for(recipient), group));
    EXPECT_TRUE(reply.positive()) << reply.summary();
    envelope.recipients.push_back(smtp::parse_mailbox(recipient).value());
  }
  // bob there, nina and carol here.
  void add_all(Delivery& delivery) {
    add_to(delivery, to_ours, "carol@example.com");
    add_to(delivery, to_theirs, "bob@example.net");
    add_to(delivery, to_ours, "nina@example.com");
  }
  std::string each(Delivery& delivery) {
    std::string text;
    (void)run(delivery.hand_over(envelope, std::string(kHeader), body, patience(),
                                 Answers::one_for_each));
    for (const Reply& reply : delivery.reply_for_each("id1"))
      text += std::to_string(reply.code) + " ";
    return text;
  }
};

TEST_F(DeliveryLegs, EachUpstreamGetsItsOwnRecipientsAndTheSameBytes) {
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(hand_over(delivery),
            "250 2.0.0 queued as id1 / ok: queued as SCRIPTED1 / ok: queued as SCRIPTED1");
  ASSERT_EQ(ours.messages().size(), 1U);
  ASSERT_EQ(theirs.messages().size(), 1U);
  EXPECT_THAT(ours.messages().at(0).rcpts,
              ElementsAre("RCPT TO:<carol@example.com>", "RCPT TO:<nina@example.com>"));
  EXPECT_THAT(theirs.messages().at(0).rcpts, ElementsAre("RCPT TO:<bob@example.net>"));
  EXPECT_EQ(ours.messages().at(0).data, theirs.messages().at(0).data);
  ASSERT_EQ(delivery.report().size(), 2U);
  EXPECT_EQ(delivery.report().at(1).upstream, "theirs");
  EXPECT_EQ(delivery.report().at(1).queue_id, "SCRIPTED1");
}

TEST_F(DeliveryLegs, AFailureBeforeTheFirstDotSendsNone) {
  theirs.on("DATA", {step::reply("452 4.3.1 full")});
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(hand_over(delivery), "452 4.3.1 full");
  EXPECT_EQ(ours.final_dots() + theirs.final_dots(), 0U);
  EXPECT_EQ(ours.messages().size(), 0U);
}

TEST_F(DeliveryLegs, ARefusalOfTheFirstDotKeepsTheOthersBack) {
  theirs.on(".", {step::reply("554 5.6.0 no")});  // it has the fewest recipients
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(hand_over(delivery), "554 5.6.0 no");
  EXPECT_EQ(ours.final_dots(), 0U);
}

TEST_F(DeliveryLegs, ALostAnswerBehindAnAcceptanceIsNo250) {
  ours.on(".", {step::close()});
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(hand_over(delivery), kNotConfirmed + " / 1 of the 3 recipients have it already");
  EXPECT_EQ(ours.final_dots(), 1U);
  EXPECT_EQ(theirs.messages().size(), 1U);
}

TEST_F(DeliveryLegs, AnswersForEachRecipientLetOneLegFailAlone) {
  theirs.on(".", {step::reply("554 5.6.0 no")});
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(each(delivery), "250 554 250 ");
  EXPECT_EQ(ours.messages().size(), 1U);
}

TEST_F(DeliveryLegs, AnswersForEachRecipientLetOneLegBeRefusedBeforeItsDotAlone) {
  ours.on("DATA", {step::reply("452 4.3.1 full")});
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(each(delivery), "452 250 452 ");
  EXPECT_EQ(theirs.messages().size(), 1U);
}

TEST_F(DeliveryLegs, EveryLegGivesItsConnectionBack) {
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  pause(delivery);
  EXPECT_EQ(pool->idle_connections(), 2U);
  EXPECT_EQ(ours.commands().back(), "RSET");
  EXPECT_EQ(theirs.commands().back(), "RSET");
  EXPECT_TRUE(hand_over(delivery).starts_with("250 "));
  EXPECT_EQ(ours.connections() + theirs.connections(), 2U);
}

TEST_F(DeliveryLegs, ALegThatIsLostWhileAnotherIsBroughtUpGetsTheMessageFromTheStart) {
  // A connection that was used before: another one may be opened to the same upstream.
  upstreams = to_ours;
  send_one();
  ours.on("BODY", {step::close()}, 1);  // … while the other one still thinks about DATA
  theirs.on("DATA", {step::wait(), step::reply("354 go")}, 1);
  Timer later(loop, [this] { theirs.release(); });
  later.start(100ms);
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_TRUE(hand_over(delivery).starts_with("250 "));
  EXPECT_EQ(ours.messages().size(), 2U);
  EXPECT_EQ(theirs.messages().size(), 1U);
}

TEST_F(DeliveryLegs, ALegWhoseRecipientsWereAllRefusedHasNoPartInTheMessage) {
  theirs.on("RCPT", {step::reply("550 5.1.1 no")});
  Delivery delivery(*pool, cancel);
  add_to(delivery, to_ours, "carol@example.com");
  (void)run(delivery.add_recipient(envelope, upstream::grant_for("x@example.net"), to_theirs));
  EXPECT_EQ(hand_over(delivery), kAccepted);
  EXPECT_THAT(theirs.commands(), Not(Contains("DATA")));
}

}  // namespace
}  // namespace sekisho
