// The `rate_limit` filter: how many messages, recipients and connections a user or a client may
// have in a time. Authenticated mail counts for its user, other mail for its client (an IPv4
// address or an IPv6 /64). Counted in memory, by all threads together; a limit that a reload does
// not change keeps its counts. Mail that isn't accepted in the end is not counted.
#pragma once

#include <functional>
#include <memory>

#include "filters/catalog.h"

namespace sekisho::filters {

// `now` is the clock, for tests.
std::unique_ptr<Blueprint> make_rate_limit(std::function<TimePoint()> now = Clock::now);

}  // namespace sekisho::filters
