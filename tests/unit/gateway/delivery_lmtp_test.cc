// One message whose recipients belong to a mail store that speaks LMTP and to a server of SMTP.
#include <gmock/gmock.h>

#include "tests/unit/gateway/delivery_fixture.h"

namespace sekisho {
namespace {

using smtp::Reply;
using test::ScriptedUpstream;
using upstream::Upstreams;
namespace step = test::step;

struct DeliveryLmtp : DeliveryFixture {
  ScriptedUpstream store;
  ScriptedUpstream server;
  Upstreams to_store{lmtp("store", store)};
  Upstreams to_server{upstream("server", server)};

  ~DeliveryLmtp() override { settle(); }

  static std::shared_ptr<upstream::Upstream> lmtp(std::string name, const ScriptedUpstream& peer) {
    upstream::UpstreamSettings settings = upstream::settings_for(peer.port());
    settings.protocol = upstream::Protocol::lmtp;
    return upstream::Upstream::make(std::move(name), settings, "gateway.test").value();
  }
  void add_to(Delivery& delivery, const Upstreams& group, std::string_view recipient) {
    const Reply reply =
        run(delivery.add_recipient(envelope, upstream::grant_for(recipient), group));
    EXPECT_TRUE(reply.positive()) << reply.summary();
    envelope.recipients.push_back(smtp::parse_mailbox(recipient).value());
  }
  // In the order in which the client named them: store, server, store.
  void add_all(Delivery& delivery) {
    add_to(delivery, to_store, "carol@example.com");
    add_to(delivery, to_server, "bob@example.net");
    add_to(delivery, to_store, "nina@example.com");
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

TEST_F(DeliveryLmtp, EachMailboxAnswersForItsOwnRecipient) {
  store.on(".", {step::reply("250 2.0.0 ok\r\n552 5.2.2 full")});
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(each(delivery), "250 250 552 ");
}

TEST_F(DeliveryLmtp, WhoGotNoAnswerIs451AndTheOthersKeepTheirs) {
  store.on(".", {step::reply("250 2.0.0 ok"), step::close()});
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(each(delivery), "250 250 451 ");
}

TEST_F(DeliveryLmtp, TheOneAnswerIsTheRefusalOfAnyMailbox) {
  store.on(".", {step::reply("250 2.0.0 ok\r\n450 4.2.0 later")});
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_EQ(hand_over(delivery), "450 4.2.0 later / 2 of the 3 recipients have it already");
  EXPECT_EQ(delivery.report().at(0).reply,
            "accepted for 1 of 2 recipients; <nina@example.com>: 450 4.2.0 later");
}

TEST_F(DeliveryLmtp, TheOneAnswerIsA250WhenAllMailboxesTookIt) {
  Delivery delivery(*pool, cancel);
  add_all(delivery);
  EXPECT_TRUE(hand_over(delivery).starts_with("250 2.0.0 queued as id1"));
}

TEST_F(DeliveryLmtp, ALostConnectionBeforeTheDotIsReplacedWithAllRecipients) {
  ScriptedUpstream spare;
  to_store.push_back(lmtp("store2", spare));
  store.on("DATA", {step::close()});
  spare.on(".", {step::reply("250 2.0.0 ok\r\n552 5.2.2 full")});
  {
    Delivery delivery(*pool, cancel);
    add_all(delivery);
    EXPECT_EQ(each(delivery), "250 250 552 ");
  }
  EXPECT_EQ(store.final_dots(), 0U);
  EXPECT_EQ(spare.final_dots(), 1U);
  settle();  // before the spare goes
}

}  // namespace
}  // namespace sekisho
