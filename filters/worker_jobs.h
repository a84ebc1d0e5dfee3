// The one list of what worker processes can do (worker/handlers.h), as catalog.h has the one of the
// filters. To add a job: a JobKind and a handler beside the filter that needs it, and a line here.
#pragma once

#include <map>
#include <string>

#include "filters/chain.h"
#include "gateway/worker/handlers.h"

namespace sekisho::filters {

worker::Handlers worker_handlers();

// What the signer processes are told to hold for these filters (Workers::set_up()).
std::string signer_setup(const std::map<std::string, Link>& filters);
// The same of the inspect processes: the plans of rules, whose patterns are compiled there.
std::string inspect_setup(const std::map<std::string, Link>& filters);

}  // namespace sekisho::filters
