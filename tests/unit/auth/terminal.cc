#include "tests/unit/auth/terminal.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace sekisho::test {
namespace {

constexpr int kPatienceMs = 30'000;

}  // namespace

PipedInput::PipedInput(std::string_view content) : former_(::dup(STDIN_FILENO)) {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) throw std::runtime_error("tmpfile");
  std::fwrite(content.data(), 1, content.size(), file);
  std::rewind(file);
  ::dup2(::fileno(file), STDIN_FILENO);
  std::fclose(file);
  ::lseek(STDIN_FILENO, 0, SEEK_SET);
}

PipedInput::~PipedInput() {
  ::dup2(former_, STDIN_FILENO);
  ::close(former_);
}

Terminal::Terminal(const std::function<int()>& program) {
  if (::openpty(&master_, &terminal_, nullptr, nullptr, nullptr) != 0) {
    throw std::runtime_error("openpty");
  }
  child_ = ::fork();
  if (child_ < 0) throw std::runtime_error("fork");
  if (child_ > 0) return;
  ::setsid();
  ::ioctl(terminal_, TIOCSCTTY, 0);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(terminal_, fd);
  ::close(master_);
  ::close(terminal_);
  const int code = program();
  std::fflush(nullptr);
  ::_exit(code);
}

Terminal::~Terminal() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  ::close(terminal_);
  ::close(master_);
}

bool Terminal::read_more() {
  pollfd ready{.fd = master_, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, kPatienceMs) != 1) return false;
  std::array<char, 4096> block{};
  const ssize_t got = ::read(master_, block.data(), block.size());
  if (got <= 0) return false;
  shown_.append(block.data(), static_cast<std::size_t>(got));
  return true;
}

void Terminal::expect(std::string_view text) {
  while (shown_.find(text) == std::string::npos) {
    ASSERT_TRUE(read_more()) << "wanted: " << text << "\nshown: " << shown_;
  }
}

void Terminal::type(std::string_view keys) const {
  ASSERT_EQ(::write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

void Terminal::signal(int number) const { ::kill(child_, number); }

bool Terminal::echoes() const {
  termios now{};
  ::tcgetattr(terminal_, &now);
  return (now.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
}

int Terminal::wait() {
  int status = 0;
  ::waitpid(child_, &status, 0);
  child_ = -1;
  pollfd ready{.fd = master_, .events = POLLIN, .revents = 0};
  while (::poll(&ready, 1, 0) == 1 && read_more()) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace sekisho::test
