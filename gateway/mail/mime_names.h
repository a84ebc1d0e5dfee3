// Names of parts: what a reader might make of a name found in a header field, and which file
// extensions an operating system might see in it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::mail {

// A longer name is kept as two readings, its beginning and its end: readers cut where they like.
inline constexpr std::size_t kMaxName = 1024;

// Adds the name and its other readings: encoded words and percent sequences decoded, cut at a NUL,
// the last component of a path, both sides of a colon (alternate data streams). No repeats.
void add_name_readings(std::vector<std::string>& names, const std::string& name);

// The extensions of one name: lower case, without what systems drop or don't show (dots, blanks and
// quotes at the end, control and zero-width characters), full-width letters narrowed.
void add_extensions(std::vector<std::string>& extensions, std::string_view name);

}  // namespace sekisho::mail
