// say_hello(): EHLO, and HELO where that is not known (RFC 5321 section 4.1.1.1), or LHLO with LMTP
// (RFC 2033 section 4.1): what the upstream offers. Said after the greeting, after STARTTLS and
// after XCLIENT.
#pragma once

#include <string_view>

#include "gateway/smtp/capabilities.h"
#include "gateway/upstream/reply_channel.h"
#include "gateway/upstream/settings.h"

namespace sekisho::upstream {

Task<Result<smtp::Capabilities>> say_hello(ReplyChannel& channel, std::string_view name,
                                           Duration each_step, Deadline whole,
                                           Protocol protocol = Protocol::smtp);

}  // namespace sekisho::upstream
