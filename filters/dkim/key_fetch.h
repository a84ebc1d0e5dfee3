// The keys of a message's signatures, from the DNS: all asked for at once, so that none waits for
// the name server of another. Whoever forges a message chooses the names of its signatures; a slow
// one shall cost that signature its verdict, and no other. Runs on the resolver's loop.
#pragma once

#include <vector>

#include "filters/dkim/judgement.h"
#include "gateway/dns/resolver.h"

namespace sekisho::dkim {

// What a name server said of a key's name.
KeyAnswer key_answer(const Result<dns::Answer>& answer);

// An answer for each candidate, in their order; those that aren't open have an empty one.
// ErrorKind::cancelled alone is an error: what can't be had by the deadline is `failed`.
Task<Result<std::vector<KeyAnswer>>> fetch_keys(Loop& loop, dns::Resolver& resolver,
                                                const std::vector<Candidate>& candidates,
                                                Deadline deadline, CancelSource& cancel);

}  // namespace sekisho::dkim
