// check(): a DMARC evaluation with a resolver: looks up what the evaluator asks for until it has
// its verdict. One loop; ends by the deadline.
#pragma once

#include <vector>

#include "filters/dmarc/evaluator.h"
#include "gateway/dns/resolver.h"

namespace sekisho::dmarc {

struct Lookup {
  Question question;
  Result<dns::Answer> answer;
};

struct Check {
  Verdict verdict;
  std::vector<Lookup> lookups;  // in their order
};

// A look-up that fails makes the verdict temperror. ErrorKind::cancelled. What the arguments refer
// to must outlive the task.
Task<Result<Check>> check(dns::Resolver& resolver, const Query& query,
                          const PublicSuffixes& suffixes, Deadline deadline, CancelSource& cancel);

}  // namespace sekisho::dmarc
