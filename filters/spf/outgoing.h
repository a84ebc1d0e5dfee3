// The `spf_outgoing` filter: does the sender domain of a user's mail authorise the addresses that
// our mail leaves from? Warns in the log and counts, so that its administrator learns it from us
// and not from those who refuse the mail. Refuses nothing.
#pragma once

#include <functional>
#include <memory>

#include "filters/catalog.h"

namespace sekisho::spf {

// `now` is the clock, for tests.
std::unique_ptr<filters::Blueprint> make_spf_outgoing(std::function<TimePoint()> now = Clock::now);

}  // namespace sekisho::spf
