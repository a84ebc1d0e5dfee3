// Sizes and durations as text with a unit, both ways. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::config {

// "512B", "64KiB", "25MB", "1GiB": KB, MB, GB are powers of 1000, KiB, MiB, GiB of 1024.
Result<Bytes> parse_size(std::string_view text);
std::string format_size(Bytes size);  // exact, in the largest unit that fits

// "500ms", "30s", "5m", "1h", "2d".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace sekisho::config
