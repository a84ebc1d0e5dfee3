// The filter `arc_seal`: puts a set of ARC fields on mail that others sent, with what our filters
// found out, so that the servers behind us can go by it. At the stage `sign`; it never refuses, and
// a chain that could not be verified is left as it is. RFC 8617 section 5.1.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::arc {

std::unique_ptr<filters::Blueprint> make_arc_seal();

}  // namespace sekisho::arc
