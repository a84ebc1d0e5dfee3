// The filter `rules`: administrators' rule files (docs/rules.md), asked at every stage. This file
// is its configured half: const, shared by all threads.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::filters {

std::unique_ptr<Blueprint> make_rules();

}  // namespace sekisho::filters
