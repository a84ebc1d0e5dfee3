// The files that lists and maps name: one item or one `key: value, value` a line, # comments. All
// mistakes of a file are told at once, with line and column; a file with a mistake gives nothing,
// so that whoever reloads it keeps what it had. Pure; blocks only where the caller reads the file.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/check/type.h"
#include "rules/syntax/diagnostic.h"

namespace sekisho::rules {

inline constexpr std::size_t kMaxListFile = 256UL * 1024 * 1024;

// Calls `take` with each item of a list's file, which is `source` of `sources`, one after the other
// as long as no mistake was found. What was taken counts only if there is none in `diagnostics`.
void each_list_item(Type type, const Sources& sources, std::uint32_t source,
                    Diagnostics& diagnostics, const std::function<void(Constant&&)>& take);
void each_map_entry(Type key, Type value, const Sources& sources, std::uint32_t source,
                    Diagnostics& diagnostics,
                    const std::function<void(Constant&&, std::vector<Constant>&&)>& take);

// The same as a whole.
[[nodiscard]] std::vector<Constant> read_list_file(Type type, const Sources& sources,
                                                   std::uint32_t source, Diagnostics& diagnostics);

using MapEntries = std::vector<std::pair<Constant, std::vector<Constant>>>;
[[nodiscard]] MapEntries read_map_file(Type key, Type value, const Sources& sources,
                                       std::uint32_t source, Diagnostics& diagnostics);

}  // namespace sekisho::rules
