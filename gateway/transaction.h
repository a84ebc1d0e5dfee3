// Transaction: one mail transaction (RFC 5321 section 3.3), from an accepted MAIL to the answer
// after the dot: gate, filters and delivery for each recipient, then the message. Each method
// returns the reply for the client. Owned by a Session; one loop.
#pragma once

#include <memory>
#include <optional>

#include "filters/chain.h"
#include "gateway/conversation.h"
#include "gateway/delivery.h"
#include "gateway/intake.h"
#include "gateway/mail/message.h"
#include "gateway/message_record.h"
#include "gateway/recipient_answers.h"
#include "gateway/sender_check.h"
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
  bool& hang_up;  // set by a filter's order: the session ends once the reply is said
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
  // After a BDAT: reads its chunk. With the last one it is as with receive(). A refusal before that
  // stays the answer to all that follow, which are read away (RFC 3030 section 2).
  Task<std::optional<smtp::Reply>> receive_chunk(Conversation& conversation, smtp::Chunk chunk);
  [[nodiscard]] const Error& ended_because() const { return ended_because_; }
  // After the end of a message, with LMTP: the answers to the second recipient and those behind it,
  // who each get one (RFC 2033 section 4.2); the first one's is the reply. None with SMTP.
  [[nodiscard]] std::vector<smtp::Reply> take_answers_to_others() { return std::move(to_others_); }
  // Where the message ended is open to dispute, or its rest was not read: nothing behind it may be
  // obeyed.
  [[nodiscard]] bool framing_broken() const { return framing_broken_; }

  // While we wait for the client, an upstream connection is held until then and no longer: counted
  // from its lease, so that no trickle of commands prolongs it. never() while none is held.
  [[nodiscard]] Deadline hold_until() const;
  // The client is slow: give the upstream connection back until it is needed again.
  void pause() { delivery_.pause(); }
  // The end of a transaction without its message, or with a part of one: RSET, EHLO, QUIT, a lost
  // client.
  Task<void> abandon();
  // Its message is refused, and chunks of it may still come.
  [[nodiscard]] bool refused() const { return refusal_.has_value(); }

  [[nodiscard]] const mail::Envelope& envelope() const { return envelope_; }

 private:
  // A filter's refusal: the reply, and who said it why.
  struct Refused {
    smtp::Reply reply;
    std::string filter;
    std::string why;
  };
  Task<std::optional<Refused>> check(filters::Stage stage, const smtp::Mailbox* recipient);
  // A message that comes in.
  struct Reception {
    Intake intake;
    Deadline whole;
    Duration waited{};  // for the client, our own work apart
    bool header_checked = false;
  };
  void begin_reception(Intake::Form form);
  Task<Result<void>> read_message(Conversation& conversation);
  Task<void> take_in();
  Task<std::optional<smtp::Reply>> give_up(Error why);
  Task<smtp::Reply> conclude();
  Task<smtp::Reply> drop();
  Task<smtp::Reply> answer(smtp::Reply reply);
  Task<Result<std::string_view>> read_block(Conversation& conversation, Deadline whole);
  [[nodiscard]] SenderCheck sender_check() const;
  Task<void> check_header_section();
  Task<void> check_message(filters::Stage stage);
  [[nodiscard]] const upstream::Upstreams* upstreams_for(const smtp::Mailbox& recipient) const;
  Task<smtp::Reply> deliver();
  Task<void> prepare_to_send();
  std::string edited_header_section();
  [[nodiscard]] std::string outgoing_header_section() const;
  void refuse(Decider decider, smtp::Reply reply, std::string why = {});
  void log_refused_recipient(const smtp::Mailbox& recipient, const smtp::Reply& reply,
                             Decider decider, const Refused* by_filter);
  void count_cached(const smtp::Reply& reply);
  [[nodiscard]] smtp::Reply answer_each(const smtp::Reply& whole);
  [[nodiscard]] bool was_accepted(const smtp::Reply& whole) const;
  void finish(const smtp::Reply* reply);

  SessionView session_;
  mail::Envelope envelope_;
  mail::Message message_;
  mail::HeaderEdits edits_;
  filters::Trace trace_;
  std::vector<mail::AddedText> texts_;  // the filters' at `end`
  std::string route_;            // the filters' at `mail`: an upstream's name; else the routes say
  std::string recipient_route_;  // … and at `rcpt`, of the recipient at hand
  mail::Authentication authentication_;
  filters::Outgoing outgoing_;  // once nothing more is edited
  Delivery delivery_;
  std::optional<Reception> reception_;  // from DATA or the first BDAT on
  MessageRecord record_;
  RecipientAnswers answers_;
  std::optional<filters::DiscardOrder> discard_;
  std::string quarantine_why_;          // empty: not marked
  std::optional<smtp::Reply> refusal_;  // decided while the message was still coming in
  std::vector<smtp::Reply> to_others_;
  Error ended_because_;
  Deadline answer_by_ = Deadline::never();  // from the client's dot on
  bool framing_broken_ = false;
  bool handed_over_ = false;
  bool finished_ = false;
};

}  // namespace sekisho
