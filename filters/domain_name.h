// Domain names as the DNS has them, for filters that look up what a message names. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/error.h"

namespace sekisho::filters {

// In lower case and A-labels (IDNA 2008), without a dot at its end, short enough to stand behind
// "_dmarc.". ErrorKind::invalid, in fixed words: it is no name of letters, digits, - and _.
Result<std::string> to_a_labels(std::string_view domain);

}  // namespace sekisho::filters
