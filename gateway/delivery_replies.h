// What the client reads of its message's way up: an upstream's answer made fit for it, the answers
// for what went wrong on the way, and the one 250. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/smtp/reply.h"
#include "gateway/upstream/acceptance.h"

namespace sekisho {

// What an upstream said, as an answer to our client: its code and words kept, a missing enhanced
// code added (the one that RFC 3463 has for that reply code, else the default), a 421 and the codes
// that speak of the two servers' relation made 451 (the message is the client's to keep, and a
// mistake between servers must not bounce it).
smtp::Reply to_client(const smtp::Reply& from_upstream, std::string_view default_subject_detail);

// The 250 after the final dot, from the acceptances of every upstream that the message had to go
// to. There is no other way to make it (promise 2).
using Acceptances = std::vector<upstream::UpstreamAcceptance>;
smtp::Reply final_reply(const Acceptances& acceptances, std::string_view id);

// Nobody could be asked, or nobody's answer counts, and in what way; and: the dot went up and no
// answer came.
smtp::Reply unavailable(const Error& why);
smtp::Reply no_answer();

}  // namespace sekisho
