// The one list of what worker processes can do (worker/handlers.h), as catalog.h has the one of the
// filters. To add a job: a JobKind and a handler beside the filter that needs it, and a line here;
// something to hold: a Preparer, and Filter::worker_setup().
#pragma once

#include "gateway/worker/handlers.h"

namespace sekisho::filters {

worker::Handlers worker_handlers();

}  // namespace sekisho::filters
