// Dialog: which verb may come now. The order rules of RFC 5321 section 4.1.4, RFC 3207 and RFC 4954
// as one small state machine that knows no sockets and no policy beyond the listener's demands.
#pragma once

#include <cstddef>
#include <optional>

#include "gateway/smtp/command.h"
#include "gateway/smtp/reply.h"

namespace sekisho::smtp {

// What the listener's profile asks for before mail may be sent.
struct DialogRules {
  bool tls_available = true;  // a certificate is configured
  bool implicit_tls = false;  // the session began in TLS: no STARTTLS
  bool require_tls = false;   // before MAIL and AUTH
  bool require_auth = false;  // before MAIL
  bool offer_auth = false;
  bool lmtp = false;           // LHLO takes the place of EHLO and HELO (RFC 2033 section 4.1)
  bool auth_in_clear = false;  // for devices that can do no better
};

class Dialog {
 public:
  explicit Dialog(DialogRules rules) : rules_(rules), tls_(rules.implicit_tls) {}

  // The reply that refuses this verb now (503, 530, 538, 502 …), or nothing when it may go on.
  [[nodiscard]] std::optional<Reply> refuse(Verb verb) const;

  // What happened, told after the command succeeded.
  void greeted(bool extended);  // EHLO, HELO or LHLO; also ends a transaction (RFC 5321 4.1.4)
  void greeting_refused();      // whatever was said before, the client must say hello again
  void tls_started();           // forgets everything (RFC 3207 section 4.2)
  void client_changed();        // XCLIENT: forgets everything but that TLS is active
  void authenticated();
  void mail_accepted();
  void recipient_accepted();
  void chunk_taken();        // a BDAT, whatever its answer: the message has begun
  void transaction_ended();  // RSET, message done, or transaction given up

  [[nodiscard]] bool is_greeted() const { return greeted_; }
  [[nodiscard]] bool is_extended() const { return extended_; }  // EHLO or LHLO, not HELO
  [[nodiscard]] bool is_tls() const { return tls_; }
  [[nodiscard]] bool is_authenticated() const { return authenticated_; }
  [[nodiscard]] bool in_transaction() const { return mail_; }
  [[nodiscard]] std::size_t recipients() const { return recipients_; }
  [[nodiscard]] const DialogRules& rules() const { return rules_; }
  // Is AUTH to be offered and taken now? Not before TLS (RFC 4954 section 4, our promise), but
  // where a listener for devices says so.
  [[nodiscard]] bool auth_possible() const {
    return rules_.offer_auth && (tls_ || rules_.auth_in_clear);
  }
  [[nodiscard]] bool starttls_possible() const { return rules_.tls_available && !tls_; }

 private:
  [[nodiscard]] std::optional<Reply> refuse_mail() const;
  [[nodiscard]] std::optional<Reply> refuse_auth() const;

  DialogRules rules_;
  bool tls_ = false;
  bool greeted_ = false;
  bool extended_ = false;
  bool authenticated_ = false;
  bool mail_ = false;
  std::size_t recipients_ = 0;
  bool chunks_ = false;
};

}  // namespace sekisho::smtp
