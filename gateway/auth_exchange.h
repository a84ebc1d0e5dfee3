// The AUTH exchange (RFC 4954) over a Conversation: challenges, cancellation, bounds, and the
// verdict of the Authenticator as a reply. The password's copies are wiped on every way out.
#pragma once

#include <optional>
#include <string>

#include "gateway/auth/authenticator.h"
#include "gateway/conversation.h"
#include "gateway/smtp/command.h"

namespace sekisho {

struct AuthOutcome {
  smtp::Reply reply{};
  std::string user{};           // who logged in, on success
  std::string tried{};          // the name that was tried, if it came that far
  std::string reason{};         // for the log
  std::optional<Error> lost{};  // no line came: there is no reply either
  bool session_over = false;    // after the reply: the client broke the framing
};

// `command` as parsed from the AUTH line; a mechanism that we don't have is answered 504.
Task<AuthOutcome> run_auth_exchange(Conversation& conversation, auth::Authenticator& authenticator,
                                    smtp::AuthCommand command, const auth::LoginContext& login,
                                    Deadline deadline);

}  // namespace sekisho
