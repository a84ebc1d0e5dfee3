// What the signatures of a message are worth, on keys that were fetched before: what their keys are
// good for, which verifier looks at each, and what of a good signature is not good enough. A pure
// function of message and keys, made for a worker process.
#pragma once

#include <string>
#include <vector>

#include "filters/dkim/open_signature.h"

namespace sekisho::dkim {

// What the DNS said of a Candidate's key_name. A server that failed or was too slow is temperror,
// never a bad signature.
struct KeyAnswer {
  enum class Status : std::uint8_t { found, none, failed };
  Status status = Status::none;
  std::string text;  // of the record
};

// Writes result and reason of every candidate that is still open; `keys` has an answer for each, in
// their order. An error: the body can't be read, or libopendkim is out of memory.
Result<void> judge_signatures(const mail::Headers& headers, const BodySource& body,
                              const std::vector<KeyAnswer>& keys,
                              std::vector<Candidate>& candidates);

}  // namespace sekisho::dkim
