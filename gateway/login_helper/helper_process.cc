#include "gateway/login_helper/helper_process.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/login_helper/helper_main.h"

namespace sekisho::login {
namespace {

Result<void> send_frame(int socket, const Secret& frame) {
  const std::string_view bytes = frame.reveal();
  if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return {};
  return std::unexpected(system_error(ErrorKind::closed, "the login helper", errno));
}

Result<pid_t> spawn_with_socket(const std::vector<std::string>& command, int socket) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, kHelperSocket);
  posix_spawnattr_t attributes{};
  posix_spawnattr_init(&attributes);
  // Not the mask of the thread that happens to start it.
  sigset_t none{};
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  // A group of its own: Ctrl-C at the gateway's terminal ends the gateway in order, and that ends
  // it.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failed =
      posix_spawn(&pid, command.front().c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return std::unexpected(
        system_error(ErrorKind::unavailable, "cannot start a login helper", failed));
  return pid;
}

}  // namespace

Result<std::unique_ptr<HelperProcess>> HelperProcess::start(const std::vector<std::string>& command,
                                                            const Secret& setup) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return std::unexpected(
        system_error(ErrorKind::unavailable, "cannot start a login helper", errno));
  Descriptor ours(pair[0]);
  const Descriptor theirs(pair[1]);
  auto pid = spawn_with_socket(command, theirs.get());
  if (!pid) return std::unexpected(std::move(pid.error()));
  std::unique_ptr<HelperProcess> process(new HelperProcess(*pid, std::move(ours)));
  if (auto sent = send_frame(process->socket_.get(), setup); !sent)
    return std::unexpected(std::move(sent.error()));
  return process;
}

HelperProcess::~HelperProcess() {
  ::kill(pid_, SIGKILL);  // it holds nothing that could be lost
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<Answer> HelperProcess::ask(const Question& question, Duration patience) {
  const auto frame = encode(question);
  if (!frame) return fail(ErrorKind::limit, "the name or password is too long");
  if (auto sent = send_frame(socket_.get(), *frame); !sent)
    return std::unexpected(std::move(sent.error()));
  const Deadline deadline = Deadline::in(patience);
  pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining(Clock::now()));
    const int ready = ::poll(&readable, 1, static_cast<int>(left.count()));
    if (ready > 0) break;
    if (ready == 0) return fail(ErrorKind::timeout, "the login helper did not answer in time");
    if (errno != EINTR)
      return std::unexpected(system_error(ErrorKind::io, "the login helper", errno));
  }
  std::string buffer(kMaxFrame, '\0');
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size <= 0) return fail(ErrorKind::closed, "the login helper died");
  auto answer = decode_answer(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)));
  if (!answer) return fail(ErrorKind::protocol, "the login helper answered with no frame");
  return std::move(*answer);
}

}  // namespace sekisho::login
