// From one file's text to a tree of nodes: the only place that knows the TOML library.
#pragma once

#include "gateway/config/problems.h"
#include "gateway/config/tree.h"

namespace sekisho::config {

// The tree of what could be read. Mistakes of TOML's grammar go to `problems`; a line `key = …`
// that is wrong in itself is left out and reading goes on, so that the next mistake is found too.
Node parse(const Source& source, Problems& problems);

}  // namespace sekisho::config
