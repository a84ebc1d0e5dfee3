// The filter `dmarc`: judges the author's domain by what the filters before it found out of SPF and
// DKIM, and does what the domain's policy and the settings say. RFC 7489.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::dmarc {

std::unique_ptr<filters::Blueprint> make_dmarc();

}  // namespace sekisho::dmarc
