// Text of a named charset turned into UTF-8, best effort: what is not valid becomes '?'. Only
// charsets from a fixed list are given to iconv, since its rare converters are old C code with a
// record (CVE-2020-27618, CVE-2024-2961) and the name comes from a stranger. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::mail {

// nullopt: a charset that we don't know.
std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset);

// All that we know.
std::vector<std::string_view> charset_names();
// Loads iconv's converters for all of them, for good: for a process that will open no file any
// more.
void load_charsets();

}  // namespace sekisho::mail
