// The `headers` filter: adds, removes and replaces header fields as configured, and asks the
// session to leave the client out of our Received field. It never refuses a message.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::filters {

std::unique_ptr<Blueprint> make_headers();

}  // namespace sekisho::filters
