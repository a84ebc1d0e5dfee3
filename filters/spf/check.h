// check(): an SPF evaluation with a resolver: looks up what the evaluator asks for until it has its
// verdict. One loop; ends by the deadline.
#pragma once

#include <string>
#include <vector>

#include "filters/spf/evaluator.h"
#include "gateway/dns/resolver.h"

namespace sekisho::spf {

inline constexpr Duration kMaxTime = 20s;  // RFC 7208 section 4.6.4

struct Lookup {
  Question question;
  Result<dns::Answer> answer;
};

struct Check {
  Verdict verdict;
  std::vector<Lookup> lookups;  // in their order
};

// What an evaluation may take a look-up for. A name that can't be asked for isn't there; any other
// failure may be an answer tomorrow.
std::optional<dns::Answer> known_of(const Result<dns::Answer>& answer);

// What a check is whose deadline has passed: temperror.
Check too_late(Check check);

// A look-up that fails, and a deadline that passes, make the verdict temperror.
// ErrorKind::cancelled.
Task<Result<Check>> check(dns::Resolver& resolver, Query query, Deadline deadline,
                          CancelSource& cancel);

}  // namespace sekisho::spf
