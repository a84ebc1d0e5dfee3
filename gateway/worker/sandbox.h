// The sandbox of a worker process, in two steps. What stays open is the socket to the gateway and
// the standard descriptors, which lead to nothing. Linux only; what fails that every supported
// kernel has is an Error, and the process must end: it never works with half a sandbox.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/error.h"

namespace sekisho::worker {

// First thing in the process: it dies with the gateway, nobody may look into it or get a core of
// it, and every descriptor beyond `last` is closed.
Result<void> leave_the_world(int last);

// Before the first job: gives up all rights (as root: becomes nobody), may take `memory` bytes
// beyond what it has, write no file, start no process, and make few system calls. The names of what
// this kernel doesn't have for that ("landlock"), or nothing.
Result<std::string> close_sandbox(std::uint64_t memory);

}  // namespace sekisho::worker
