// Where a set's Hyperscan database comes from: the folder that keeps them, or compiled here and
// kept there. The key is a hash over patterns, flags, library and processor. All of it blocks;
// compiling 10,000 patterns takes some 10 s.
#pragma once

#include <filesystem>
#include <span>

#include "rules/match/hyperscan.h"

namespace sekisho::rules::match {

Result<HyperscanDatabase> cached_database(std::span<const Regex* const> regexes,
                                          const std::filesystem::path& folder);
// No folder: it is kept nowhere. That it can't be kept is no failure.
Result<HyperscanDatabase> made_database(std::span<const Regex* const> regexes,
                                        const std::filesystem::path& folder);

// So that sets of these patterns find it: true if it was made now, false if it was there and is
// good. For a thread that may block; what it compiles is thrown away.
Result<bool> fill_cache(std::span<const Regex* const> regexes, const std::filesystem::path& folder);

}  // namespace sekisho::rules::match
