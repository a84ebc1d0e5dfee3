// Asks for a password: on the terminal without echo when standard input is one, else one line from
// standard input. Blocks; for command-line tools of one thread. The terminal is put back as it was
// also when a signal ends the program.
#pragma once

#include <csignal>
#include <string>

#include "gateway/base/error.h"
#include "gateway/base/secret.h"

namespace sekisho::auth {

// Asked twice on a terminal; both must be equal. The password is checked (check_new_password).
Result<Secret> read_new_password(const std::string& user);

// Why this can't be a password: empty, too long, or with control characters.
Result<void> check_new_password(const Secret& password);

// One line from `fd`, without its line end; ErrorKind::limit when it is longer than any password.
// `mask`: the signal mask while it waits; null: as it is.
Result<Secret> read_secret_line(int fd, const sigset_t* mask = nullptr);

}  // namespace sekisho::auth
