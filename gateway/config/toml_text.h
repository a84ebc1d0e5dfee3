// Values as TOML writes them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sekisho::config {

std::string toml_string(std::string_view text);  // quoted, escaped
std::string toml_list(const std::vector<std::string>& items);

}  // namespace sekisho::config
