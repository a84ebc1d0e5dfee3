#include "gateway/keeper/child.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "gateway/keeper/privileges.h"

extern char** environ;

namespace sekisho::keeper {
namespace {

constexpr int kCannotExecute = 126;

// Everything that allocates happens before the fork.
std::vector<std::string> make_environment(int fd, Duration watchdog) {
  std::vector<std::string> all;
  for (char** one = environ; *one != nullptr; ++one) all.emplace_back(*one);
  const auto limit = std::chrono::duration_cast<std::chrono::microseconds>(watchdog).count();
  all.push_back(fmt::format("{}={}:{}:{}", kVariable, kProtocol, fd, limit));
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<Child> start_child(const Program& program, Duration watchdog) {
  auto ends = Channel::make_pair();
  if (!ends) return std::unexpected(std::move(ends.error()));
  auto& [ours, its] = *ends;
  auto words = program.words;
  auto environment = make_environment(its.fd(), watchdog);
  const auto argv = pointers_to(words);
  const auto envp = pointers_to(environment);
  const pid_t pid = ::fork();
  if (pid < 0)
    return std::unexpected(
        system_error(ErrorKind::unavailable, "cannot start the gateway process", errno));
  if (pid == 0) {
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    drop_capabilities();
    ::fcntl(its.fd(), F_SETFD, 0);
    ::execve(program.path.c_str(), argv.data(), envp.data());
    constexpr std::string_view kWhat = "sekisho: the program is not there any more\n";
    (void)!::write(STDERR_FILENO, kWhat.data(), kWhat.size());
    ::_exit(kCannotExecute);
  }
  Child child;
  child.pid = pid;
  child.channel = std::move(ours);
  child.enter(Child::State::starting);
  return child;
}

}  // namespace sekisho::keeper
