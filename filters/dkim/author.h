// Whose message it is, for whoever signs in a name: the one domain of its one From field. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/mail/headers.h"
#include "gateway/smtp/address.h"

namespace sekisho::dkim {

// Nothing when that can't be said, or when the header section holds what readers and verifiers take
// for different things.
std::optional<smtp::Mailbox> author_of(const mail::Headers& headers, std::string_view section);

}  // namespace sekisho::dkim
