// spawn_with_socket(): starts a process of our own, which has one end of a socket pair (sequenced
// packets) as its descriptor 3 and, where our descriptors close at exec as they should, nothing
// else but the standard ones. In a process group of its own, so that Ctrl-C at the gateway's
// terminal leaves it to the gateway; with no signal blocked. Blocks as long as a fork does.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/error.h"

namespace sekisho {

inline constexpr int kSpawnedSocket = 3;

struct Spawned {
  pid_t pid = -1;  // to be waited for
  Descriptor socket;
};

// `command` begins with a path. `environment`: "NAME=value" each; null: ours.
Result<Spawned> spawn_with_socket(const std::vector<std::string>& command,
                                  const std::vector<std::string>* environment = nullptr);

}  // namespace sekisho
