// What a transaction asks of [sender]: may the user who logged in send as the address of MAIL, and
// as those of the header section? Says no with a reply, or puts the user's own address there, or
// only tells; each time with a line in the log and a count. Asks nothing of mail without log-in.
// Borrows everything; one loop.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/mail/envelope.h"
#include "gateway/mail/headers.h"
#include "gateway/sender/ownership.h"
#include "gateway/session_services.h"

namespace sekisho {

class SenderCheck {
 public:
  SenderCheck(const sender::SenderOwnership& ownership, sender::Policy of_listener,
              const mail::Peer& peer, SessionServices& services);

  // Before any filter sees the sender. `rewrite` changes it in the envelope.
  std::optional<smtp::Reply> at_mail(mail::Envelope& envelope) const;
  // The whole header section as it came. `rewrite` adds to `edits`.
  std::optional<smtp::Reply> at_header(const mail::Envelope& envelope,
                                       std::string_view header_section,
                                       mail::HeaderEdits& edits) const;

  // Does From hold an address that the user is known not to own, whatever the policy is? For those
  // who would vouch for it.
  [[nodiscard]] bool is_foreign(std::string_view header_section) const;

 private:
  struct Event {
    std::string_view where;  // "MAIL", "From" …
    std::string address;
    std::string why;
  };
  void tell(const mail::Envelope& envelope, const Event& event, sender::Policy done) const;

  const sender::SenderOwnership& ownership_;
  const mail::Peer& peer_;
  SessionServices& services_;
  sender::Policy policy_;
  bool knows_;  // what the user owns; else only what is nobody's right is refused
};

}  // namespace sekisho
