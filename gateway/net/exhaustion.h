// What the system calls that need a descriptor or memory fail with when this process, or the whole
// machine, has none left: an error of its own kind, so that no peer is blamed for it. Pure.
#pragma once

#include <string_view>

#include "gateway/base/error.h"

namespace sekisho {

// ErrorKind::limit for EMFILE, ENFILE, ENOBUFS and ENOMEM, else ErrorKind::unavailable; with the
// system's words.
Error refused_by_system(std::string_view what, int error_number);

}  // namespace sekisho
