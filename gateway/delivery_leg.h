// DeliveryLeg: one message's way to one group of upstreams, on one leased connection at a time:
// asks about each recipient, brings the message up to its last byte, sends the dot. Until that dot
// any failure moves on to the next connection or upstream of the group, with the whole message;
// after it there is no second try. Owned by a Delivery; one loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/delivery_outcome.h"
#include "gateway/mail/envelope.h"
#include "gateway/mail/spool.h"
#include "gateway/upstream/pool.h"
#include "gateway/upstream/recipient.h"
#include "gateway/upstream/recipient_cache.h"

namespace sekisho {

class DeliveryLeg {
 public:
  // `cache` may be null.
  DeliveryLeg(upstream::Pool& pool, const upstream::Upstreams& upstreams, CancelSource& cancel,
              upstream::RecipientCache* cache)
      : pool_(pool), upstreams_(upstreams), cancel_(cancel), cache_(cache) {}
  ~DeliveryLeg();  // drops a connection that is still leased
  DeliveryLeg(const DeliveryLeg&) = delete;
  DeliveryLeg& operator=(const DeliveryLeg&) = delete;

  [[nodiscard]] const upstream::Upstreams& upstreams() const { return upstreams_; }
  // Recipients that were accepted.
  [[nodiscard]] std::size_t recipients() const { return recipients_.size(); }

  // The answer that is remembered for this recipient, ready for the client, if there is one. Keeps
  // the recipient when it is positive: its upstream is then asked with the message.
  std::optional<smtp::Reply> recall(const upstream::Recipient& recipient);
  [[nodiscard]] bool answered_from_cache() const { return answered_from_cache_; }
  // The answer for this recipient, ready for the client. Keeps the recipient when it is positive.
  Task<smtp::Reply> add_recipient(const mail::Envelope& envelope, upstream::Recipient recipient);

  // The whole message, as its legs share it: edited header section with its empty line, and body.
  struct Text {
    const std::string& header_section;
    mail::Spool& body;
  };
  // Before the first prepare(): `bound` is for all that follows, failover included.
  void begin(Deadline bound);
  // Everything up to the dot: MAIL, RCPTs, DATA and the text. Nothing when the dot may follow, else
  // the reply for the client. May be called again later, and does nothing while ready(): where the
  // connection was lost meanwhile, the next one gets it all.
  Task<std::optional<smtp::Reply>> prepare(const mail::Envelope& envelope, Text text);
  // prepare() is done, and nobody has spoken or closed since.
  [[nodiscard]] bool ready();
  // The connection has not carried a message yet.
  [[nodiscard]] bool unproven() const { return lease_ && lease_->client->messages() == 0; }
  // The dot, and the upstream's answers. Once called, this leg never sends anything again.
  Task<LegOutcome> finish();

  // Gives the connection back; in the middle of a message, closes it.
  void pause();
  [[nodiscard]] bool holds_connection() const { return lease_.has_value(); }
  [[nodiscard]] TimePoint held_since() const { return held_since_; }

  // Name of the upstream last spoken to, and its last words; for the log.
  [[nodiscard]] const std::string& upstream() const { return upstream_; }
  [[nodiscard]] const std::string& last_words() const { return last_words_; }

 private:
  Task<Result<void>> acquire(const mail::Envelope& envelope);
  Task<Result<smtp::Reply>> ask(const mail::Envelope& envelope, const upstream::Recipient* pending);
  Task<Result<smtp::Reply>> ask_with_failover(const mail::Envelope& envelope,
                                              const upstream::Recipient* pending);
  Task<Result<std::optional<smtp::Reply>>> begin_text();
  Task<Result<std::optional<smtp::Reply>>> send(std::string_view bytes);
  Task<Result<std::optional<smtp::Reply>>> transfer(Text text);
  LegOutcome take_answers(std::vector<upstream::SmtpClient::Answer> answers);
  smtp::Reply refuse_late(std::size_t which, const smtp::Reply& reply, bool with_message);
  [[nodiscard]] bool given_up(const Error& why) const;
  upstream::Pool::Lease take_lease();
  void drop(const Error& why);

  upstream::Pool& pool_;
  const upstream::Upstreams& upstreams_;
  CancelSource& cancel_;
  upstream::RecipientCache* cache_;
  std::vector<upstream::Recipient> recipients_;  // recipients that an upstream accepted, in order
  std::optional<upstream::Pool::Lease> lease_;
  std::optional<CancelSource::Registration> follow_;  // a cut session cuts its upstream's waits
  TimePoint held_since_{};
  bool transaction_open_ = false;         // MAIL and recipients_ were accepted on lease_
  bool mail_taken_ = false;               // MAIL was accepted once, on whatever connection
  bool on_credit_ = false;                // some of recipients_ were recalled and not yet asked for
  bool refused_late_ = false;             // the last reply of ask() is refuse_late()'s
  bool rcpt_answered_ = false;            // the last reply of ask() is the one to `pending`
  bool answered_from_cache_ = false;      // … of add_recipient() was recall()'s
  bool text_sent_ = false;                // … and all of the message, but its dot
  bool fresh_only_ = false;               // an idle connection was stale: open the next one anew
  Deadline bound_ = Deadline::never();    // of the operation under way
  std::size_t tries_left_ = 0;            // connections that it may still use up
  std::vector<std::string> passed_over_;  // upstreams that failed this message
  std::optional<Error> failure_;          // of the last connection that failed
  std::string upstream_;
  std::string last_words_;
};

}  // namespace sekisho
