// ProcessFile: who serves, in a small file of the state directory, so that `sekisho reload` and
// `sekisho restart` know whom to tell: the process that takes signals (the keeper, or the gateway
// itself) and the gateway process. A hint, no lock: it may be stale, so its reader looks whether
// that process is a gateway. Blocks; not on a loop that serves sessions.
#pragma once

#include <filesystem>

#include <sys/types.h>

#include "gateway/base/error.h"

namespace sekisho {

struct ProcessFile {
  pid_t main = 0;     // takes the signals
  pid_t gateway = 0;  // serves; the same where there is no keeper

  static std::filesystem::path path_in(const std::filesystem::path& state_directory);
  // ErrorKind::unavailable when there is none; ErrorKind::invalid when it holds something else.
  static Result<ProcessFile> read(const std::filesystem::path& state_directory);
  // Replaced at once.
  [[nodiscard]] Result<void> write(const std::filesystem::path& state_directory) const;
  // Unless another process has written it since.
  void remove(const std::filesystem::path& state_directory) const;

  bool operator==(const ProcessFile&) const = default;
};

}  // namespace sekisho
