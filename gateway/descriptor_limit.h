// How many descriptors the process may have open, against how many its configuration could need.
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/base/log.h"
#include "gateway/config/settings.h"

namespace sekisho {

// Raises the limit as far as the system lets us; what it is then.
std::uint64_t raise_descriptor_limit();
// A line for the log when the limit is lower than what all connections that are allowed would take.
std::optional<LogLine> warn_of_few_descriptors(std::uint64_t limit,
                                               const config::Settings& settings);

}  // namespace sekisho
