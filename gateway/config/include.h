// Which files an `include` list names.
#pragma once

#include <filesystem>
#include <vector>

#include "gateway/config/problems.h"
#include "gateway/config/tree.h"

namespace sekisho::config {

// The files that match, sorted within each pattern, each once, without the main file. A pattern
// without wildcards that names nothing is an error; one with wildcards may match nothing.
// `include` is the main file's node; nullptr: the default patterns.
std::vector<std::filesystem::path> included_files(const Node* include,
                                                  const std::filesystem::path& main_file,
                                                  Problems& problems);

}  // namespace sekisho::config
