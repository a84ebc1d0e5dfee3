#include "gateway/auth/password_prompt.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/auth/password_hash.h"
#include "gateway/base/encode.h"
#include "gateway/base/file.h"

namespace sekisho::auth {
namespace {

volatile std::sig_atomic_t caught_signal = 0;
void note_signal(int number) { caught_signal = number; }

// While it lives, signals that would end or stop the program are taken only inside ppoll(), which
// they interrupt, so that the terminal can be put right first. They are raised anew afterwards.
class SignalsHeld {
 public:
  SignalsHeld() {
    caught_signal = 0;
    sigset_t held;
    sigemptyset(&held);
    for (const int number : kSignals) sigaddset(&held, number);
    ::sigprocmask(SIG_BLOCK, &held, &former_mask_);
    struct sigaction action{};
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &former_[i]);
  }
  ~SignalsHeld() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &former_[i], nullptr);
    }
    if (caught_signal != 0) ::kill(::getpid(), caught_signal);
    ::sigprocmask(SIG_SETMASK, &former_mask_, nullptr);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  [[nodiscard]] const sigset_t& mask_for_waiting() const { return former_mask_; }

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP};
  std::array<struct sigaction, kSignals.size()> former_{};
  sigset_t former_mask_{};
};

class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &former_) != 0) return;
    termios quiet = former_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    is_off_ = ::tcsetattr(terminal, TCSAFLUSH, &quiet) == 0;
  }
  ~EchoOff() {
    if (is_off_) ::tcsetattr(terminal_, TCSAFLUSH, &former_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  [[nodiscard]] bool is_off() const { return is_off_; }

 private:
  int terminal_;
  termios former_{};
  bool is_off_ = false;
};

Result<void> write_text(int fd, const std::string& text) {
  if (::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  return fail(ErrorKind::io, "cannot write to the terminal");
}

// False at the end of the input.
Result<bool> read_byte(int fd, const sigset_t* mask, char& byte) {
  while (true) {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    const ssize_t got = ::ppoll(&ready, 1, nullptr, mask) < 0 ? -1 : ::read(fd, &byte, 1);
    if (got >= 0) return got == 1;
    if (errno != EINTR) return std::unexpected(system_error(ErrorKind::io, "cannot read", errno));
    if (caught_signal != 0) return fail(ErrorKind::cancelled, "interrupted; nothing was changed");
  }
}

Result<Secret> ask(int terminal, const std::string& question) {
  const SignalsHeld signals;  // destroyed last: after the terminal is right again
  const EchoOff echo(terminal);
  if (!echo.is_off()) return fail(ErrorKind::io, "cannot turn off the terminal's echo");
  if (const auto asked = write_text(terminal, question); !asked) {
    return std::unexpected(asked.error());
  }
  auto answer = read_secret_line(terminal, &signals.mask_for_waiting());
  // The line end that was typed was not shown.
  if (const auto ended = write_text(terminal, "\n"); answer && !ended) {
    return std::unexpected(ended.error());
  }
  return answer;
}

}  // namespace

Result<void> check_new_password(const Secret& password) {
  const std::string_view bytes = password.reveal();
  if (bytes.empty()) return fail(ErrorKind::invalid, "an empty password is not allowed");
  if (bytes.size() > kMaxPasswordBytes) {
    return fail(ErrorKind::limit, "the password is longer than 511 bytes");
  }
  if (std::ranges::any_of(bytes, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; })) {
    return fail(ErrorKind::invalid, "the password holds a control character");
  }
  return {};
}

Result<Secret> read_secret_line(int fd, const sigset_t* mask) {
  std::array<char, kMaxPasswordBytes + 2> line{};
  std::size_t size = 0;
  Result<Secret> secret = fail(ErrorKind::limit, "the password is longer than 511 bytes");
  // Byte by byte: what follows the line on standard input is not ours.
  while (size < line.size()) {
    const auto got = read_byte(fd, mask, line[size]);
    if (!got) {
      secret = std::unexpected(got.error());
      break;
    }
    if (*got && line[size] != '\n') {
      ++size;
      continue;
    }
    if (!*got && size == 0) {
      secret = fail(ErrorKind::closed, "no password was given");
      break;
    }
    if (size > 0 && line[size - 1] == '\r') --size;
    secret = Secret(std::string_view(line.data(), size));
    break;
  }
  wipe(line.data(), line.size());
  return secret;
}

Result<Secret> read_new_password(const std::string& user) {
  const bool interactive = ::isatty(STDIN_FILENO) == 1;
  if (!interactive) {
    auto line = read_secret_line(STDIN_FILENO);
    if (!line) return line;
    if (auto good = check_new_password(*line); !good) return std::unexpected(good.error());
    return line;
  }
  const auto terminal = File::open("/dev/tty", O_RDWR | O_NOCTTY);
  if (!terminal) return std::unexpected(terminal.error());
  auto first = ask(terminal->fd(), fmt::format("New password for {}: ", encode_for_log(user)));
  if (!first) return first;
  if (auto good = check_new_password(*first); !good) return std::unexpected(good.error());
  const auto second = ask(terminal->fd(), "The same again: ");
  if (!second) return fail(second.error().kind, second.error().text);
  if (!equal_in_constant_time(first->reveal(), second->reveal())) {
    return fail(ErrorKind::invalid, "the two passwords differ; nothing was changed");
  }
  return first;
}

}  // namespace sekisho::auth
