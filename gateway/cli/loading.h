// Reading the configuration for a command: what is wrong with it goes to standard error.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/load.h"

namespace sekisho::cli {

void print(const std::vector<config::Diagnostic>& diagnostics);
std::string counted(std::size_t count, std::string_view what);  // "2 warnings"

// `reader` is config::load or config::read. None: all mistakes were printed, and their sum.
using Reader = std::expected<config::Loaded, std::vector<config::Diagnostic>> (&)(
    const std::filesystem::path&);
std::optional<config::Loaded> load_or_complain(Reader reader, const std::filesystem::path& file);

}  // namespace sekisho::cli
