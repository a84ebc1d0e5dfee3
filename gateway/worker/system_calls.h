// The system calls that are left to a worker process: memory, time, and datagrams on the sockets
// that it has. What opens a file by name is refused with EACCES, since libraries try it and do
// without; whatever else is not listed ends the process (SIGSYS): only somebody who took it over
// asks for it.
#pragma once

#include "gateway/base/error.h"

namespace sekisho::worker {

// For all threads of the process, for good. Needs no_new_privs.
Result<void> close_system_calls();

}  // namespace sekisho::worker
