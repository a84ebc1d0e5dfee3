// The senders that a header section names: what is wrong with From, Sender, Resent-From and
// Resent-Sender (RFC 5322 sections 3.6.2 and 3.6.6) for a user who owns only some addresses, and
// the edits that put it right. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/mail/headers.h"
#include "gateway/smtp/address.h"

namespace sekisho::sender {

struct HeaderFinding {
  enum class Kind : std::uint8_t {
    foreign,     // an address that is not the user's
    missing,     // there is no such field, and there must be
    several,     // there is more than one
    unreadable,  // not a list of addresses, or none in it
  };
  Kind kind = Kind::foreign;
  std::string_view field;  // "From", "Sender" …
  std::string text;        // the address; for unreadable what is wrong, in fixed words
};

// At most one for each field, and none when all is well. `owns` is asked for each address. The
// section has fields alone, as the intake leaves it: a line that is none begins the body.
std::vector<HeaderFinding> find_foreign_senders(
    std::string_view header_section, const std::function<bool(const smtp::Mailbox&)>& owns);

// Puts `own` in each field that a finding names and keeps what stood there in X-Original-…, in
// place of a field of that name that the message brought along.
void replace_foreign_senders(const std::vector<HeaderFinding>& findings,
                             std::string_view header_section, const smtp::Mailbox& own,
                             mail::HeaderEdits& edits);

}  // namespace sekisho::sender
