#include "gateway/worker/sandbox.h"

#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/file_io.h"
#include "gateway/base/text.h"
#include "gateway/worker/landlock.h"
#include "gateway/worker/sanitizers.h"
#include "gateway/worker/system_calls.h"

namespace sekisho::worker {
namespace {

constexpr uid_t kNobody = 65534;
// The socket, the standard descriptors, and those of a job that are open at a time.
constexpr rlim_t kDescriptors = 16;

std::unexpected<Error> refused(std::string_view what) {
  return std::unexpected(system_error(ErrorKind::io, what, errno));
}

bool limit(__rlimit_resource what, rlim_t value) {
  const rlimit both{.rlim_cur = value, .rlim_max = value};
  return ::setrlimit(what, &both) == 0;
}

// Bytes of address space that the process has already.
Result<std::uint64_t> address_space() {
  auto text = read_whole_file("/proc/self/statm", 1024);
  if (!text) return std::unexpected(std::move(text.error()));
  const auto pages = parse_uint(std::string_view(*text).substr(0, text->find(' ')));
  if (!pages) return fail(ErrorKind::io, "/proc/self/statm is not as expected");
  return *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Root's files are root's even without capabilities.
Result<void> give_up_rights() {
  if (::geteuid() == 0) {
    const bool done = ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
                      ::setresuid(kNobody, kNobody, kNobody) == 0;
    // Where that isn't to be had (a container with few users), the rest has to do.
    if (!done && errno != EPERM && errno != EINVAL) return refused("cannot give up being root");
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return refused("cannot give up capabilities");
  return {};
}

Result<void> set_limits(std::uint64_t memory) {
  bool done = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, kDescriptors);
  // The runtimes of sanitizers map terabytes, and some have a thread of their own.
  if (!kSanitized) {
    const auto has = address_space();
    if (!has) return std::unexpected(has.error());
    done = done && limit(RLIMIT_AS, *has + memory) && limit(RLIMIT_NPROC, 0);
  }
  if (!done) return refused("cannot set the limits of a worker process");
  return {};
}

// Changing the user makes a process dumpable and lets it outlive its parent again.
Result<void> hide() {
  if (::prctl(PR_SET_DUMPABLE, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    return refused("cannot shield a worker process");
  return {};
}

}  // namespace

Result<void> leave_the_world(int last) {
  if (auto hidden = hide(); !hidden) return hidden;
  if (::close_range(static_cast<unsigned>(last) + 1, ~0U, 0) != 0)
    return refused("cannot close what was inherited");
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing.is_open()) return refused("/dev/null");
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(nothing.get(), STDOUT_FILENO);
  if (!kSanitized) ::dup2(nothing.get(), STDERR_FILENO);  // else: where the reports go
  return {};
}

Result<std::string> close_sandbox(std::uint64_t memory) {
  if (auto given_up = give_up_rights(); !given_up)
    return std::unexpected(std::move(given_up.error()));
  if (auto hidden = hide(); !hidden) return std::unexpected(std::move(hidden.error()));
  if (auto set = set_limits(memory); !set) return std::unexpected(std::move(set.error()));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no_new_privs");
  auto landlocked = close_landlock();
  if (!landlocked) return std::unexpected(std::move(landlocked.error()));
  if (auto closed = close_system_calls(); !closed)
    return std::unexpected(std::move(closed.error()));
  return std::string(*landlocked ? "" : "landlock");
}

}  // namespace sekisho::worker
