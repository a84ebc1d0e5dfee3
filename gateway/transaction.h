// Transaction: one mail transaction (RFC 5321 section 3.3), from an accepted MAIL to the answer
// after the dot: gate, filters and delivery for each recipient, then the message. Each method
// returns the reply for the client. Owned by a Session; one loop.
#pragma once

#include <memory>
#include <optional>

#include "filters/chain.h"
#include "gateway/conversation.h"
#include "gateway/delivery.h"
#include "gateway/mail/message.h"
#include "gateway/message_record.h"
#include "gateway/session_services.h"
#include "gateway/snapshot.h"

namespace sekisho {

// What a transaction borrows from its session.
struct SessionView {
  SessionServices& services;
  const Snapshot& snapshot;
  const ListenerPlan& plan;
  const mail::Peer& peer;
  filters::ChainRun& chain;
  CancelSource& cancel;
};

class Transaction {
 public:
  Transaction(const SessionView& session, std::string id, smtp::MailCommand command);

  // Stage `mail`: the filters' answer to MAIL.
  Task<smtp::Reply> begin();
  // RCPT: bounds, relay gate, stage `rcpt`, then the upstream.
  Task<smtp::Reply> add_recipient(smtp::RcptCommand command);

  // After the 354: reads the message, runs the stages `headers` and `end`, hands over. The reply,
  // or nothing when the session must end without one (the client is gone or hopeless);
  // `ended_because` then says why.
  Task<std::optional<smtp::Reply>> receive(Conversation& conversation);
  [[nodiscard]] const Error& ended_because() const { return ended_because_; }

  // The client is slow: give the upstream connection back for now.
  [[nodiscard]] bool holds_connection() const { return delivery_.holds_connection(); }
  Task<void> pause() { return delivery_.pause(); }
  // The end of a transaction without a message: RSET, EHLO, QUIT, a lost client.
  Task<void> abandon();

  [[nodiscard]] const mail::Envelope& envelope() const { return envelope_; }

 private:
  // A filter's refusal: the reply, and who said it why.
  struct Refused {
    smtp::Reply reply;
    std::string filter;
    std::string why;
  };
  Task<std::optional<Refused>> check(filters::Stage stage, const smtp::Mailbox* recipient);
  Task<Result<void>> read_message(Conversation& conversation);
  Task<void> check_header_section();
  Task<void> check_message(filters::Stage stage);
  Task<smtp::Reply> deliver();
  std::string outgoing_header_section() const;
  void refuse(Decider decider, smtp::Reply reply, std::string why = {});
  void log_refused_recipient(const smtp::Mailbox& recipient, const smtp::Reply& reply,
                             Decider decider, const Refused* by_filter);
  void finish(const smtp::Reply* reply);

  SessionView session_;
  mail::Envelope envelope_;
  mail::Message message_;
  mail::HeaderEdits edits_;
  filters::Trace trace_;
  Delivery delivery_;
  MessageRecord record_;
  std::optional<smtp::Reply> refusal_;  // decided while the message was still coming in
  Error ended_because_;
  bool finished_ = false;
};

}  // namespace sekisho
