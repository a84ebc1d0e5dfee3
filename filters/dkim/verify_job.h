// The verification of a message's DKIM signatures, where libopendkim may crash: a job of the
// inspect processes. The gateway finds the signatures and fetches their keys first; the process
// finds them again by the same code, and says what each is worth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filters/dkim/judgement.h"
#include "gateway/worker/handlers.h"

namespace sekisho::dkim {

inline constexpr worker::JobKind kVerifyJob{"dkim_verify", worker::Pool::inspect};

// The job's input: when it is, and an answer for each candidate.
std::string encode_keys(WallTime now, const std::vector<KeyAnswer>& keys);

// Takes the results into the candidates that were open. ErrorKind::protocol: they don't fit.
Result<void> take_results(std::string_view result, std::vector<Candidate>& candidates);

// The handler.
Result<std::string> verify_signatures(const worker::JobInput& job);

}  // namespace sekisho::dkim
