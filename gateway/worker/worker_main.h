// The worker process itself: `sekisho worker inspect|signer`, started by the gateway and by nobody
// else. On descriptor 3 comes first the pool's setup, then one job after another; each is answered
// before the next. Ends when the gateway does, or when it says something that is no frame.
#pragma once

#include <string_view>

#include "gateway/worker/handlers.h"

namespace sekisho::worker {

// Ends of the process that say why.
inline constexpr int kNotStarted = 2;   // nobody is at descriptor 3, or the sandbox can't be closed
inline constexpr int kNonsense = 3;     // what came is no frame
inline constexpr int kOutOfMemory = 4;  // a job wanted more than there is

// Does not return: at the end nothing that the process has may be torn down in an orderly way,
// since what is in it may be in disorder.
[[noreturn]] void run_worker(std::string_view pool, const Handlers& handlers);

}  // namespace sekisho::worker
