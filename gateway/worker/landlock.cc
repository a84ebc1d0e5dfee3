#include "gateway/worker/landlock.h"

#include <cerrno>
#include <cstdint>

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/base/descriptor.h"

namespace sekisho::worker {
namespace {

// landlock_ruleset_attr as of ABI 6; older kernels take what they know, and Debian 12's header has
// less.
struct Ruleset {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

// Every right of the ABI: execute, write, read, directories, making and removing (13 with ABI 1);
// refer (2), truncate (3), ioctl on devices (5).
std::uint64_t file_rights(long abi) {
  const unsigned count = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
  return (std::uint64_t{1} << count) - 1;
}

constexpr std::uint64_t kBindAndConnectTcp = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;

std::unexpected<Error> refused() {
  return std::unexpected(system_error(ErrorKind::io, "Landlock", errno));
}

}  // namespace

Result<bool> close_landlock() {
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) return false;
  if (abi < 1) return refused();
  Ruleset rules{.handled_access_fs = file_rights(abi)};
  std::size_t size = sizeof rules.handled_access_fs;
  if (abi >= 4) {
    rules.handled_access_net = kBindAndConnectTcp;
    size += sizeof rules.handled_access_net;
  }
  if (abi >= 6) {
    rules.scoped = kAbstractSocketsAndSignals;
    size += sizeof rules.scoped;
  }
  const Descriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, size, 0)));
  if (!ruleset.is_open()) return refused();
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return refused();
  return true;
}

}  // namespace sekisho::worker
