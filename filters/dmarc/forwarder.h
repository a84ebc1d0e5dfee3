// Mail that a trusted forwarder changed (RFC 8617 section 7.2): it fails DMARC here, but the
// forwarder's seal says that it passed there. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/mail/authentication.h"
#include "gateway/mail/headers.h"

namespace sekisho::dmarc {

// Does the newest set of the chain, whose seals hold and the newest of which is of a trusted
// domain, say that DMARC passed for this From domain?
bool vouched_for(const mail::Headers& headers, const mail::Authentication& authentication,
                 const std::vector<std::string>& trusted, std::string_view from_domain);

}  // namespace sekisho::dmarc
