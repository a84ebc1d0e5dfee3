// The words for a filter that isn't there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sekisho::config {

// "did you mean `x`?", or the names themselves when none is near.
std::string suggest(std::string_view name, const std::vector<std::string_view>& names);
std::vector<std::string_view> catalog_names();

}  // namespace sekisho::config
