#include "gateway/base/spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sekisho {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<Spawned> spawn_with_socket(const std::vector<std::string>& command,
                                  const std::vector<std::string>* environment) {
  const auto refused = [&command](int why) {
    return std::unexpected(
        system_error(ErrorKind::unavailable, "cannot start " + command.front(), why));
  };
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return refused(errno);
  Descriptor ours(pair[0]);
  const Descriptor theirs(pair[1]);

  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), kSpawnedSocket);
  posix_spawnattr_t attributes{};
  posix_spawnattr_init(&attributes);
  // Not the mask of the thread that happens to start it.
  sigset_t none{};
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  const auto arguments = pointers_to(command);
  const auto variables =
      environment != nullptr ? pointers_to(*environment) : std::vector<char*>{nullptr};
  pid_t pid = -1;
  const int failed =
      posix_spawn(&pid, command.front().c_str(), &actions, &attributes, arguments.data(),
                  environment != nullptr ? variables.data() : environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return refused(failed);
  return Spawned{pid, std::move(ours)};
}

}  // namespace sekisho
