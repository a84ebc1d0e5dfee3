// The files that lists and maps name: one item or one `key: value, value` a line, # comments. All
// mistakes of a file are told at once, with line and column; a file with a mistake gives nothing,
// so that whoever reloads it keeps what it had. Pure; blocks only where the caller reads the file.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "rules/check/type.h"
#include "rules/syntax/diagnostic.h"

namespace sekisho::rules {

// The constants of a list's file, which is `source` of `sources`.
[[nodiscard]] std::vector<Constant> read_list_file(Type type, const Sources& sources,
                                                   std::uint32_t source, Diagnostics& diagnostics);

using MapEntries = std::vector<std::pair<Constant, std::vector<Constant>>>;
[[nodiscard]] MapEntries read_map_file(Type key, Type value, const Sources& sources,
                                       std::uint32_t source, Diagnostics& diagnostics);

}  // namespace sekisho::rules
