// The filter `arc`: verifies the chain that a message comes with and leaves the result to the
// filters behind it and to the header. It refuses nothing: a broken chain is as good as none. RFC
// 8617.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::arc {

std::unique_ptr<filters::Blueprint> make_arc();

}  // namespace sekisho::arc
