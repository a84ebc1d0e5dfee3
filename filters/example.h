// The filter to copy: refuses mail whose envelope sender is of a listed domain or a subdomain of
// one. Copy the pair, give the names, add a line to catalog.cc. What the parts are for is said in
// example.cc.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::filters {

std::unique_ptr<Blueprint> make_example();

}  // namespace sekisho::filters
