// The domain of the author (RFC 7489 section 6.6.1): what DMARC asks for its policy. Of a message
// in which readers could see another author than we do, none. Pure.
#pragma once

#include <string>

#include "gateway/base/error.h"
#include "gateway/mail/headers.h"

namespace sekisho::dmarc {

// In lower case and A-labels. ErrorKind::invalid, in fixed words for the client: no From or several
// of them, one that can't be read, addresses of several domains, an address without a domain name.
Result<std::string> from_domain(const mail::Headers& headers);

}  // namespace sekisho::dmarc
