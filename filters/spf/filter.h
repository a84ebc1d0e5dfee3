// The `spf` filter: at MAIL, may this client send in the name of the sender's domain, and call
// itself as it does (RFC 7208)? Users who logged in and our own hosts are not asked. Its findings
// go to the filters behind it, to Authentication-Results and Received-SPF.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::spf {

std::unique_ptr<filters::Blueprint> make_spf();

}  // namespace sekisho::spf
