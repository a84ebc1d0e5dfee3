// Delivery: hands one message over inside the client's session, to as many groups of upstreams as
// its recipients' routes name. Each group is a leg. A recipient is asked for at its own leg when
// the client names it, so that the client gets that upstream's own answer; when the message is
// whole and every filter has passed it, every leg is brought to its last byte before the first dot
// goes up, and then the dots follow one by one.
//
// What it guarantees (docs/guarantees.md): a positive answer to the client exists only as the
// UpstreamAcceptance of every leg; while no dot is up any failure costs nothing but another try.
// Owned by a Transaction; one loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/delivery_leg.h"
#include "gateway/message_record.h"

namespace sekisho {

// What the client is told after its dot: one reply for the message (SMTP), or one for each
// recipient (LMTP, RFC 2033 section 4.2), so that a leg that fails takes no other with it.
enum class Answers : bool { one_for_all, one_for_each };

class Delivery {
 public:
  // `cache` may be null: then every recipient is asked for.
  Delivery(upstream::Pool& pool, CancelSource& cancel, upstream::RecipientCache* cache = nullptr)
      : pool_(pool), cancel_(cancel), cache_(cache) {}

  // The answer of one of `upstreams` (which live as long as this) for this recipient, ready for the
  // client. Keeps the recipient when it is positive.
  Task<smtp::Reply> add_recipient(const mail::Envelope& envelope, upstream::Recipient recipient,
                                  const upstream::Upstreams& upstreams);

  // The whole message: edited header section (with its empty line), then the body. Either all the
  // legs' upstreams took it, or the reply for the client says why not. `bound` is for all of it,
  // failover included: past the client's patience an acceptance would be one that nobody hears
  // (G7).
  using Outcome = std::variant<Acceptances, smtp::Reply>;
  Task<Outcome> hand_over(const mail::Envelope& envelope, const std::string& header_section,
                          mail::Spool& body, Deadline bound,
                          Answers answers = Answers::one_for_all);
  // After hand_over(): what became of each recipient that was accepted, in order.
  [[nodiscard]] std::vector<smtp::Reply> reply_for_each(std::string_view id) const;

  // Gives the connections back, so that a slow or silent client doesn't hold them. The transactions
  // are opened again when they are needed; recipients already accepted must then be accepted again.
  void pause();
  [[nodiscard]] bool holds_connection() const;
  // When the connection that is held for the longest was leased.
  [[nodiscard]] TimePoint held_since() const;
  // Do others wait for a connection?
  [[nodiscard]] bool others_wait() const { return pool_.crowded(); }

  // Of the recipient last asked for; for the log.
  [[nodiscard]] const std::string& upstream() const { return last_asked_->upstream(); }
  [[nodiscard]] const std::string& last_words() const { return last_asked_->last_words(); }
  [[nodiscard]] bool answered_from_cache() const { return last_asked_->answered_from_cache(); }

  [[nodiscard]] std::vector<MessageRecord::Leg> report() const;

 private:
  struct Leg {
    Leg(upstream::Pool& pool, const upstream::Upstreams& upstreams, CancelSource& cancel,
        upstream::RecipientCache* cache)
        : way(pool, upstreams, cancel, cache) {}
    DeliveryLeg way;
    std::optional<LegOutcome> outcome;  // of the hand-over

    [[nodiscard]] bool settled() const { return outcome.has_value(); }
    [[nodiscard]] bool accepted() const { return outcome && outcome->accepted(); }
  };
  using Legs = std::vector<Leg*>;

  Leg& leg_to(const upstream::Upstreams& upstreams);
  void give_way(const Leg& wanted);
  Task<bool> prepare(const mail::Envelope& envelope, DeliveryLeg::Text text, Legs legs,
                     Answers answers);
  Task<void> send_dots(const mail::Envelope& envelope, DeliveryLeg::Text text, Legs legs,
                       Answers answers);
  [[nodiscard]] Outcome whole() const;

  upstream::Pool& pool_;
  CancelSource& cancel_;
  upstream::RecipientCache* cache_;
  std::vector<std::unique_ptr<Leg>> legs_;  // in the order of their first recipients
  struct Place {
    const Leg* leg;
    std::size_t index;  // among the leg's recipients
  };
  std::vector<Place> places_;  // of each accepted recipient
  const DeliveryLeg* last_asked_ = nullptr;
};

}  // namespace sekisho
