// The hash of a message's body as it lies in the spool, computed where it may take its time: a
// short body in memory on the loop, anything else on the Offload pool, in slices.
#pragma once

#include <string>

#include "filters/dkim/canonical.h"
#include "filters/filter.h"

namespace sekisho::dkim {

Task<Result<std::string>> body_digest(const filters::SessionContext& context,
                                      const mail::Message& message, Form form);

}  // namespace sekisho::dkim
