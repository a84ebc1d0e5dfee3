#include "gateway/login_helper/helper_process.h"

#include <cerrno>
#include <chrono>
#include <csignal>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "gateway/base/spawn.h"

namespace sekisho::login {
namespace {

Result<void> send_frame(int socket, const Secret& frame) {
  const std::string_view bytes = frame.reveal();
  if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return {};
  return std::unexpected(system_error(ErrorKind::closed, "the login helper", errno));
}

}  // namespace

Result<std::unique_ptr<HelperProcess>> HelperProcess::start(const std::vector<std::string>& command,
                                                            const Secret& setup) {
  auto spawned = spawn_with_socket(command);
  if (!spawned) return std::unexpected(std::move(spawned.error()));
  std::unique_ptr<HelperProcess> process(
      new HelperProcess(spawned->pid, std::move(spawned->socket)));
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
