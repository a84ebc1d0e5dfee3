// Verification by libopendkim, on keys that were fetched before. A pure function of message and
// keys, made for a worker process: the library is old C, and nothing of it may run in a process
// that holds sessions. Takes only what the guard (signatures.h) let through, never calls
// dkim_ohdrs() (an open heap overflow) nor the library's own DNS.
#pragma once

#include <vector>

#include "filters/dkim/open_signature.h"

namespace sekisho::dkim {

// In the order of the message; the library sees no other DKIM-Signature of it. What is a pass here
// may be one of a part of the body. An error: the body can't be read, or the library is out of
// memory.
Result<void> verify_with_opendkim(const mail::Headers& headers, const BodySource& body,
                                  const std::vector<OpenSignature>& signatures);

}  // namespace sekisho::dkim
