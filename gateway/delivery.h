// Delivery: hands one message to an upstream inside the client's session. It asks the upstream
// about each recipient when the client names it, so that the client gets the upstream's own answer,
// and gives the message over when it is whole and every filter has passed it.
//
// What it guarantees (docs/guarantees.md): a positive answer to the client exists only as an
// UpstreamAcceptance; until our final dot any failure moves on to the next connection or upstream;
// after it there is no second try. Owned by a Transaction; one loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/mail/envelope.h"
#include "gateway/mail/spool.h"
#include "gateway/smtp/reply.h"
#include "gateway/upstream/pool.h"
#include "gateway/upstream/recipient.h"

namespace sekisho {

class Delivery {
 public:
  Delivery(upstream::Pool& pool, const upstream::Upstreams& upstreams, CancelSource& cancel)
      : pool_(pool), upstreams_(upstreams), cancel_(cancel) {}
  ~Delivery();  // drops a connection that is still leased
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // The answer for this recipient, ready for the client. Keeps the recipient when it is positive.
  Task<smtp::Reply> add_recipient(const mail::Envelope& envelope, upstream::Recipient recipient);

  // The whole message: edited header section (with its empty line), then the body. Either the
  // upstream took it, or the reply for the client says why not. `bound` is for all of it, failover
  // included: past the client's patience an acceptance would be one that nobody hears (G7).
  using Outcome = std::variant<upstream::UpstreamAcceptance, smtp::Reply>;
  Task<Outcome> hand_over(const mail::Envelope& envelope, const std::string& header_section,
                          mail::Spool& body, Deadline bound);

  // Gives the connection back, so that a slow or silent client doesn't hold it. The transaction is
  // opened again when it is needed; recipients already accepted must then be accepted again.
  void pause();
  [[nodiscard]] bool holds_connection() const { return lease_.has_value(); }
  // When the connection that is held was leased.
  [[nodiscard]] TimePoint held_since() const { return held_since_; }
  // Do others wait for a connection?
  [[nodiscard]] bool others_wait() const { return pool_.crowded(); }

  // Name of the upstream last spoken to, and its last words; for the log.
  [[nodiscard]] const std::string& upstream() const { return upstream_; }
  [[nodiscard]] const std::string& last_words() const { return last_words_; }

 private:
  Task<Result<void>> acquire();
  Task<Result<smtp::Reply>> ask(const mail::Envelope& envelope, const upstream::Recipient* pending);
  Task<Result<smtp::Reply>> ask_with_failover(const mail::Envelope& envelope,
                                              const upstream::Recipient* pending);
  Task<Result<Outcome>> transfer(const std::string& header_section, mail::Spool& body,
                                 bool& dot_sent);
  void begin(Deadline bound);
  upstream::Pool::Lease take_lease();
  void drop(const Error& why);

  upstream::Pool& pool_;
  const upstream::Upstreams& upstreams_;
  CancelSource& cancel_;
  std::vector<upstream::Recipient> recipients_;  // recipients that an upstream accepted, in order
  std::optional<upstream::Pool::Lease> lease_;
  std::optional<CancelSource::Registration> follow_;  // a cut session cuts its upstream's waits
  TimePoint held_since_{};
  bool transaction_open_ = false;         // MAIL and recipients_ were accepted on lease_
  bool fresh_only_ = false;               // an idle connection was stale: open the next one anew
  Deadline bound_ = Deadline::never();    // of the operation under way
  std::size_t tries_left_ = 0;            // connections that it may still use up
  std::vector<std::string> passed_over_;  // upstreams that failed this message
  std::string upstream_;
  std::string last_words_;
};

// What an upstream said, as an answer to our client: its code and words kept, a missing enhanced
// code added, a 421 and the codes that speak of the two servers' relation made 451 (the message is
// the client's to keep, and a mistake between servers must not bounce it).
smtp::Reply to_client(const smtp::Reply& from_upstream, std::string_view default_subject_detail);

// The 250 after the final dot. There is no other way to make it (promise 2).
smtp::Reply final_reply(const upstream::UpstreamAcceptance& acceptance, std::string_view id);

}  // namespace sekisho
