// The second engine: libspf2 behind a guard. For comparison, and for those who want the verdicts
// they had with it. The library is old C that Debian ships without the patch of CVE-2023-42118, so
// it runs in the inspect workers only; and since a record is a stranger's, it sees none that our
// own grammar refuses, none over 1,024 bytes, and no exp=. Blocks while `ask` does; not re-entrant.
#pragma once

#include <functional>
#include <optional>

#include "filters/spf/evaluator.h"

namespace sekisho::spf {

inline constexpr std::size_t kMaxLibspf2Record = 1024;

// Looks up; nullopt: that failed. Called at most once for a question.
using Ask = std::function<std::optional<dns::Answer>(const Question&)>;

// `explain` is not heeded. What the guard decides is a verdict too: permerror after 10 terms that
// need the DNS, or more than 2 void look-ups. Clients of 127.0.0.0/8 and ::1 always pass.
Verdict evaluate_by_libspf2(const Query& query, const Ask& ask);

}  // namespace sekisho::spf
