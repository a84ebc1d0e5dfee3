// The `dkim` filter: verifies the signatures of mail from others (RFC 6376 section 6), and tells
// the filters behind it and the Authentication-Results what they are worth. By itself it refuses
// nothing unless it is told to. Keys come from our resolver; libopendkim works in an inspect
// process.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::filters {

std::unique_ptr<Blueprint> make_dkim();

}  // namespace sekisho::filters
