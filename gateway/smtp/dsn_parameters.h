// The parameters of RFC 3461 (delivery status notifications): RET and ENVID of MAIL, NOTIFY and
// ORCPT of RCPT. Checked here and kept as they came, since they go on to the next server. A failure
// is the 501 for it. Pure; internal to gateway/smtp.
#pragma once

#include <optional>

#include "gateway/smtp/command.h"
#include "gateway/smtp/parameters.h"

namespace sekisho::smtp {

// True: `keyword` is one of the two, and `failure` says whether its value was taken.
struct DsnOutcome {
  bool known = false;
  std::optional<Reply> failure;
};
DsnOutcome take_dsn_parameter(const Parameter& parameter, MailParameters& into);
DsnOutcome take_dsn_parameter(const Parameter& parameter, RcptParameters& into);

}  // namespace sekisho::smtp
