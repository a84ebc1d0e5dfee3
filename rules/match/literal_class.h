// Character classes and escaped bytes, for the reader of literals. Gives up (nullopt) where PCRE2
// might read something else. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "rules/match/literal_set.h"

namespace sekisho::rules::match {

// `at` stands behind "[", and afterwards behind its "]".
[[nodiscard]] std::optional<Known> read_class(std::string_view pattern, std::size_t& at);

// The byte that \n, \x41 … mean; `at` stands behind `letter`, and afterwards behind the whole.
[[nodiscard]] std::optional<char> escaped_byte(std::string_view pattern, std::size_t& at,
                                               char letter);

}  // namespace sekisho::rules::match
