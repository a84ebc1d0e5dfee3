// The two identities of a transaction (RFC 7208 section 2), evaluated side by side, so that a name
// server that is silent costs its time once. One loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "filters/spf/engine.h"
#include "filters/spf/policy.h"
#include "gateway/mail/envelope.h"

namespace sekisho::spf {

struct IdentitiesWish {
  IpAddress client;
  std::string helo;
  std::optional<smtp::Mailbox> sender;  // none: the null reverse-path
  bool check_helo = true;               // beside MAIL FROM
  bool explain = false;
  std::string receiver;
  WallTime now;
};

// Whom MAIL FROM names, and whose authorization that is, in the form that the DNS knows
// (section 4.3).
struct SenderName {
  std::string address;
  std::string domain;
};
SenderName sender_name(const std::optional<smtp::Mailbox>& sender, const std::string& helo);

// HELO, if wished, then MAIL FROM: with the null reverse-path that is postmaster at the HELO name
// (section 2.4), which is one evaluation for both. ErrorKind::cancelled.
Task<Result<std::vector<Finding>>> check_identities(Loop& loop, Engine& engine, IdentitiesWish wish,
                                                    Deadline deadline, CancelSource& cancel);

}  // namespace sekisho::spf
