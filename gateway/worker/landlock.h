// Landlock (landlock(7)): from then on this thread, and what it starts, can open nothing by a name,
// bind or connect no TCP port, and reach no abstract Unix socket and no process outside, whatever
// system call it finds for it. A second wall behind the seccomp filter.
#pragma once

#include "gateway/base/error.h"

namespace sekisho::worker {

// False: this kernel has no Landlock, or it is switched off. Needs no_new_privs.
Result<bool> close_landlock();

}  // namespace sekisho::worker
