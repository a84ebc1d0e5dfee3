#include "gateway/keeper/privileges.h"

#include <array>
#include <cerrno>

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sekisho::keeper {
namespace {

// As capset(2) has it: `bits` permitted and effective, nothing to be inherited.
bool set_capabilities(std::uint32_t bits) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  data[0] = {.effective = bits, .permitted = bits, .inheritable = 0};
  return ::syscall(SYS_capset, &header, data.data()) == 0;
}

}  // namespace

Result<void> become_user(const std::string& name) {
  const passwd* const user = ::getpwnam(name.c_str());
  if (user == nullptr) return fail(ErrorKind::invalid, "--user: there is no user " + name);
  if (::geteuid() != 0) {
    if (::geteuid() == user->pw_uid) return {};
    return fail(ErrorKind::invalid, "--user: only root can become " + name);
  }
  if (user->pw_uid == 0) return fail(ErrorKind::invalid, "--user: " + name + " is root itself");
  const bool done = ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 &&
                    ::initgroups(user->pw_name, user->pw_gid) == 0 &&
                    ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
                    ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0;
  if (!done)
    return std::unexpected(system_error(ErrorKind::io, "cannot become user " + name, errno));
  // Where root itself may not bind (a container), the ports must be above 1023.
  if (!set_capabilities(1U << CAP_NET_BIND_SERVICE) && !set_capabilities(0))
    return std::unexpected(system_error(ErrorKind::io, "cannot give up the rights of root", errno));
  return {};
}

void drop_capabilities() {
  if (::geteuid() == 0) return;
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  set_capabilities(0);
}

}  // namespace sekisho::keeper
