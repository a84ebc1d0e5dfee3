// `sekisho rules fmt`: one style, no options. It moves blanks and line ends only: the tokens and
// the comments of the output are those of the input, in their order, so nothing can change its
// meaning. Twice is the same as once. Pure.
#pragma once

#include <string>

#include "rules/syntax/parser.h"

namespace sekisho::rules {

// Of a file that was parsed without errors.
[[nodiscard]] std::string format(const Parsed& parsed, const Sources& sources);

}  // namespace sekisho::rules
