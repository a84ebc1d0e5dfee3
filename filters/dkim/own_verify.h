// Verification by our own canonicalizer, of what libopendkim can't be given: signatures with UTF-8
// in their tags (RFC 8616), and those that cover another signature which the guard keeps from it.
// Pure, as that one; for a worker process.
#pragma once

#include <vector>

#include "filters/dkim/open_signature.h"

namespace sekisho::dkim {

// An error: the body can't be read.
Result<void> verify_by_ourselves(const mail::Headers& headers, const BodySource& body,
                                 const std::vector<OpenSignature>& signatures);

}  // namespace sekisho::dkim
