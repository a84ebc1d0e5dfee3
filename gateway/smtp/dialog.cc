#include "gateway/smtp/dialog.h"

namespace sekisho::smtp {
namespace {

Reply bad_sequence(std::string_view text) { return Reply::of(503, "5.5.1", text); }
Reply not_implemented() { return Reply::of(502, "5.5.1", "command not implemented"); }

// RFC 3207 section 4 lets these pass before TLS. HELO is a greeting as EHLO is, and RSET and HELP
// do nothing that needs protection.
bool needs_no_tls(Verb verb) {
  switch (verb) {
    case Verb::ehlo:
    case Verb::helo:
    case Verb::lhlo:
    case Verb::starttls:
    case Verb::noop:
    case Verb::rset:
    case Verb::help:
    case Verb::quit:
    case Verb::unknown:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<Reply> Dialog::refuse(Verb verb) const {
  if (rules_.require_tls && !tls_ && !needs_no_tls(verb)) {
    return Reply::of(530, "5.7.0", "must issue a STARTTLS command first");
  }
  switch (verb) {
    case Verb::mail:
      return refuse_mail();
    case Verb::rcpt:
      if (!mail_) return bad_sequence("need MAIL command first");
      if (chunks_) return bad_sequence("the message has begun with BDAT");
      return std::nullopt;
    case Verb::data:
    case Verb::bdat:
      if (!mail_) return bad_sequence("need MAIL command first");
      // RFC 3030 section 2: the two are not mixed in one transaction.
      if (chunks_ && verb == Verb::data) return bad_sequence("the message has begun with BDAT");
      // RFC 2033 section 4.2 demands 503.
      if (recipients_ == 0)
        return Reply::of(rules_.lmtp ? 503 : 554, "5.5.1", "no valid recipients");
      return std::nullopt;
    case Verb::auth:
      return refuse_auth();
    case Verb::starttls:
      if (tls_) return bad_sequence("TLS is active already");
      if (!rules_.tls_available) return not_implemented();
      return std::nullopt;
    case Verb::xclient:
      if (mail_) return bad_sequence("XCLIENT is not permitted during a transaction");
      return std::nullopt;
    case Verb::expn:
      return not_implemented();
    case Verb::unknown:
      return Reply::of(500, "5.5.2", "command not recognized");
    case Verb::ehlo:
    case Verb::helo:
      if (rules_.lmtp) return Reply::of(500, "5.5.1", "this is LMTP: say LHLO");
      return std::nullopt;
    case Verb::lhlo:
      if (!rules_.lmtp) return Reply::of(500, "5.5.1", "this is SMTP: say EHLO");
      return std::nullopt;
    case Verb::rset:
    case Verb::noop:
    case Verb::vrfy:
    case Verb::help:
    case Verb::quit:
      break;
  }
  return std::nullopt;
}

std::optional<Reply> Dialog::refuse_mail() const {
  if (!greeted_) return bad_sequence(rules_.lmtp ? "say LHLO first" : "say EHLO or HELO first");
  if (rules_.require_auth && !authenticated_) {
    return Reply::of(530, "5.7.0", "authentication required");
  }
  if (mail_) return bad_sequence("a transaction is open already");
  return std::nullopt;
}

// RFC 4954 section 4.
std::optional<Reply> Dialog::refuse_auth() const {
  if (!rules_.offer_auth) return not_implemented();
  if (!tls_ && !rules_.auth_in_clear)
    return Reply::of(538, "5.7.11", "encryption required for authentication");
  if (!extended_) return bad_sequence(rules_.lmtp ? "say LHLO first" : "say EHLO first");
  if (authenticated_) return bad_sequence("already authenticated");
  if (mail_) return bad_sequence("AUTH is not permitted during a transaction");
  return std::nullopt;
}

void Dialog::greeted(bool extended) {
  greeted_ = true;
  extended_ = extended;
  transaction_ended();
}

void Dialog::greeting_refused() {
  greeted_ = false;
  extended_ = false;
  transaction_ended();
}

void Dialog::tls_started() {
  *this = Dialog(rules_);
  tls_ = true;
}

void Dialog::client_changed() {
  const bool tls = tls_;
  *this = Dialog(rules_);
  tls_ = tls;
}

void Dialog::authenticated() { authenticated_ = true; }

void Dialog::mail_accepted() {
  transaction_ended();
  mail_ = true;
}

void Dialog::recipient_accepted() { ++recipients_; }

void Dialog::chunk_taken() { chunks_ = true; }

void Dialog::transaction_ended() {
  mail_ = false;
  recipients_ = 0;
  chunks_ = false;
}

}  // namespace sekisho::smtp
