// What reads a message's structure to put texts into its body: a job of the inspect workers. The
// gateway only carries out the replacements that come back (mail/text_insertion.h).
#pragma once

#include "gateway/worker/handlers.h"

namespace sekisho::filters {

inline constexpr worker::JobKind kInsertTextsJob{"insert_texts", worker::Pool::inspect};

// The handler.
Result<std::string> insert_texts(const worker::JobInput& job);

}  // namespace sekisho::filters
