// Reads a pattern for the literals that every text it matches has in it. It knows less of the
// syntax than PCRE2 and says so: a construct that it does not know for sure makes it give up on the
// whole pattern. For patterns that PCRE2 has compiled (Regex), of bytes, not of UTF-8. Pure; no
// deeper than PCRE2 lets groups nest.
#pragma once

#include "rules/check/regex.h"
#include "rules/match/literal_set.h"

namespace sekisho::rules::match {

// The rarest first, in lower case, to be looked for in any case; empty: nothing is known.
[[nodiscard]] LiteralSets required_literals(const Regex& regex);

}  // namespace sekisho::rules::match
