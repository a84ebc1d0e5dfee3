// Source text to tokens. It never stops: what is no token is reported and stepped over, and
// spellings of other languages (&&, ==, //, 'x') are reported and read as what they mean. Pure,
// linear.
#pragma once

#include "rules/syntax/diagnostic.h"
#include "rules/syntax/token.h"

namespace sekisho::rules {

[[nodiscard]] Tokens read_tokens(const Sources& sources, std::uint32_t source,
                                 Diagnostics& diagnostics);

// The value of a text token: without quotes, escapes resolved. Only \" \\ \n and \t are escapes.
[[nodiscard]] std::string decode_text(std::string_view token);

}  // namespace sekisho::rules
