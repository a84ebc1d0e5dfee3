// The `dkim_sign` filter: signs what our own users and networks send (RFC 6376), at the stage
// `sign`, with the keys of its table. It never refuses; what it can't sign for a reason of the
// message goes up unsigned, and a failure of ours is a failure of the filter.
#pragma once

#include <memory>

#include "filters/catalog.h"
#include "filters/dkim/key_table.h"

namespace sekisho::filters {

std::unique_ptr<Blueprint> make_dkim_sign();

// The keys of a blueprint that make_dkim_sign() made, as configured; null: it made another.
const std::map<std::string, dkim::KeySettings>* dkim_keys_of(const Blueprint& blueprint);

}  // namespace sekisho::filters
