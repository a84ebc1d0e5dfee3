// Keeper: the process that `sekisho run` is. It holds the listening sockets, starts the gateway
// process that serves them and starts another when that one dies, so that no client is ever
// refused. It reads no byte of a peer and no configuration; what it does is to open addresses,
// pass on signals and words to the service manager, and wait. One thread, poll(2).
//
// SIGTERM, SIGINT: passed on; ends when the processes have. SIGHUP, SIGUSR1: passed on.
// SIGUSR2: starts another process from the program on the disk; once that one serves, the old one
// ends without haste. If it doesn't come to serve, the old one goes on.
#pragma once

#include <string>

#include "gateway/keeper/child.h"

namespace sekisho::keeper {

struct Options {
  Program program;
  std::string user;  // to become; empty: who we are
};

// The exit code: what the gateway process said, if it did not come to serve at first; else 0 after
// an end in order.
int run_keeper(const Options& options);

}  // namespace sekisho::keeper
