// A Delivery over a pool and scripted upstreams, and one message of two recipients that goes
// through it as a transaction would have it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "gateway/delivery.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/upstream/pool_fixture.h"

namespace sekisho {

struct DeliveryFixture : upstream::PoolFixture {
  static constexpr std::string_view kHeader = "Subject: x\r\n\r\n";

  upstream::Upstreams upstreams;  // where add() asks
  Offload offload{1, 16};
  test::TempDir directory;
  mail::Envelope envelope = upstream::envelope_from("alice@example.org");
  mail::Spool body{loop, offload, {.directory = directory.path(), .memory = 1'000'000}};

  // For a message: more than anything here takes.
  static Deadline patience() { return Deadline::in(120s); }

  void SetUp() override { ASSERT_TRUE(run(body.append("hello\r\n"))); }

  std::string add(Delivery& delivery, std::string_view recipient) {
    const smtp::Reply reply =
        run(delivery.add_recipient(envelope, upstream::grant_for(recipient), upstreams));
    if (reply.positive()) envelope.recipients.push_back(smtp::parse_mailbox(recipient).value());
    return reply.summary();
  }
  // To bob and to carol, who are taken.
  void add_both(Delivery& delivery) {
    EXPECT_EQ(add(delivery, "bob@example.com"), "250 2.1.5 recipient ok");
    EXPECT_EQ(add(delivery, "carol@example.com"), "250 2.1.5 recipient ok");
  }
  // What the client reads after its dot.
  std::string hand_over(Delivery& delivery) {
    auto outcome = run(delivery.hand_over(envelope, std::string(kHeader), body, patience()));
    EXPECT_TRUE(turn_until([this] { return pool->quiet(); }));  // goodbyes and RSETs are over
    if (const auto* acceptances = std::get_if<Acceptances>(&outcome))
      return final_reply(*acceptances, "id1").summary();
    return std::get<smtp::Reply>(outcome).summary();
  }
  // Gives the connection back, and waits until it is idle or closed.
  void pause(Delivery& delivery) {
    delivery.pause();
    EXPECT_FALSE(delivery.holds_connection());
    EXPECT_TRUE(turn_until([this] { return pool->quiet(); }));
  }
  // A whole message over one upstream; the pool then has a connection that is not fresh.
  void send_one() {
    mail::Envelope other = upstream::envelope_from("first@example.org");
    std::swap(envelope, other);
    {
      Delivery delivery(*pool, cancel);
      add(delivery, "bob@example.com");
      EXPECT_TRUE(hand_over(delivery).starts_with("250 "));
    }
    std::swap(envelope, other);
  }
};

inline const std::string kAccepted = "250 2.0.0 queued as id1 / ok: queued as SCRIPTED1";
inline const std::string kUnreachable =
    "451 4.4.1 the mail server behind this gateway can't be reached, try again";
inline const std::string kNotConfirmed =
    "451 4.4.2 the mail server behind this gateway did not confirm the message, try again";

}  // namespace sekisho
