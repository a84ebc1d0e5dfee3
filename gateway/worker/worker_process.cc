#include "gateway/worker/worker_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // which the header of glibc 2.36 forgets
#include <sys/pidfd.h>
}

#include "gateway/base/spawn.h"
#include "gateway/worker/channel.h"
#include "gateway/worker/frames.h"

namespace sekisho::worker {
namespace {

// Variables may hold secrets, and a worker has no use for any but those of a loader or sanitizer.
std::vector<std::string> environment_for_workers() {
  static constexpr std::array<std::string_view, 5> kKept{
      "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS="};
  std::vector<std::string> kept;
  for (char** one = environ; *one != nullptr; ++one)
    for (const std::string_view name : kKept)
      if (std::string_view(*one).starts_with(name)) kept.emplace_back(*one);
  return kept;
}

}  // namespace

Result<std::shared_ptr<WorkerProcess>> WorkerProcess::start(const std::vector<std::string>& command,
                                                            Pool pool, std::uint64_t memory,
                                                            const mail::SealedCopy& setup) {
  auto words = command;
  words.emplace_back(to_string(pool));
  const auto environment = environment_for_workers();
  auto spawned = spawn_with_socket(words, &environment);
  if (!spawned) return std::unexpected(std::move(spawned.error()));
  Descriptor pidfd(::pidfd_open(spawned->pid, 0));
  if (!pidfd.is_open()) {
    const int why = errno;
    ::kill(spawned->pid, SIGKILL);
    ::waitpid(spawned->pid, nullptr, 0);
    return std::unexpected(system_error(ErrorKind::unavailable, "cannot watch a worker", why));
  }
  std::shared_ptr<WorkerProcess> process(
      new WorkerProcess(spawned->pid, std::move(pidfd), std::move(spawned->socket)));
  const auto frame = encode(ToWorker(SetupFrame{.pool = to_string(pool), .memory = memory}));
  const std::array files{setup.descriptor()};
  if (!frame) return fail(ErrorKind::limit, "a setup frame is too long");
  if (auto sent = send_frame(process->socket(), *frame, files); !sent)
    return std::unexpected(std::move(sent.error()));
  return process;
}

WorkerProcess::~WorkerProcess() {
  if (status_) return;
  kill();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void WorkerProcess::kill() const { (void)::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0); }

std::optional<int> WorkerProcess::reap() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

}  // namespace sekisho::worker
