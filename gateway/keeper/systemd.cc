#include "gateway/keeper/systemd.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/net/listener.h"

namespace sekisho {
namespace {

constexpr int kFirstGiven = 3;  // SD_LISTEN_FDS_START
constexpr int kMostGiven = 4096;
constexpr std::uint64_t kLongestWatchdog = 24ULL * 3600 * 1'000'000;  // microseconds

// Its value, which is gone from the environment then.
std::optional<std::string> take_variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  std::string taken(value);
  ::unsetenv(name);
  return taken;
}

std::optional<std::uint64_t> take_number(const char* name) {
  const auto text = take_variable(name);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

bool is_me(std::uint64_t pid) { return std::cmp_equal(pid, ::getpid()); }

int socket_option(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

// By TCP, or by a Unix socket that has a path.
bool listens(int fd) {
  const int domain = socket_option(fd, SO_DOMAIN);
  const bool known =
      domain == AF_INET || domain == AF_INET6 || (domain == AF_UNIX && local_address(fd).is_unix());
  return known && socket_option(fd, SO_TYPE) == SOCK_STREAM &&
         socket_option(fd, SO_ACCEPTCONN) == 1;
}

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

}  // namespace

NotifySocket::NotifySocket(std::string_view address) : address_(address) {
  // The protocol knows no other kinds that could be meant for us.
  if (address_.size() < 2 || address_.size() >= sizeof(sockaddr_un::sun_path) ||
      (address_.front() != '/' && address_.front() != '@')) {
    address_.clear();
    return;
  }
  if (address_.front() == '@') address_.front() = '\0';
  socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

NotifySocket NotifySocket::from_environment() {
  return NotifySocket(take_variable("NOTIFY_SOCKET").value_or(""));
}

void NotifySocket::send(std::string_view assignments) const {
  if (address_.empty()) return;
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(native.sun_path), address_.data(), address_.size());
  const std::size_t length = offsetof(sockaddr_un, sun_path) + address_.size();
  (void)::sendto(socket_.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&native), static_cast<socklen_t>(length));
}

Duration watchdog_from_environment() {
  const auto microseconds = take_number("WATCHDOG_USEC");
  const auto pid = take_number("WATCHDOG_PID");
  if (!microseconds || (pid && !is_me(*pid))) return Duration::zero();
  return std::chrono::microseconds(std::min(*microseconds, kLongestWatchdog));
}

std::vector<GivenSockets> sockets_from_environment(std::vector<std::string>& refused) {
  const auto pid = take_number("LISTEN_PID");
  const auto count = take_number("LISTEN_FDS");
  const auto names = split_names(take_variable("LISTEN_FDNAMES").value_or(""));
  if (!pid || !is_me(*pid) || !count || *count > kMostGiven) return {};
  std::vector<GivenSockets> given;
  for (int i = 0; i < static_cast<int>(*count); ++i) {
    Descriptor socket(kFirstGiven + i);
    const auto index = static_cast<std::size_t>(i);
    std::string name = index < names.size() ? names[index] : "";
    if (!listens(socket.get())) {
      refused.push_back(std::to_string(socket.get()));
      continue;
    }
    ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
    ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    const SocketAddress bound = local_address(socket.get());
    auto same = std::ranges::find(given, bound, &GivenSockets::bound);
    if (same == given.end()) same = given.insert(same, {std::move(name), std::nullopt, bound, {}});
    same->sockets.push_back(std::move(socket));
  }
  return given;
}

std::string reloading_assignments() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
}

SystemdSupervisor::SystemdSupervisor()
    : notify_(NotifySocket::from_environment()), watchdog_(watchdog_from_environment()) {}

std::vector<GivenSockets> SystemdSupervisor::take_sockets() {
  std::vector<std::string> refused;
  auto given = sockets_from_environment(refused);
  for (const std::string& which : refused)
    fmt::print(stderr,
               "sekisho: LISTEN_FDS: descriptor {} is no listening TCP or Unix socket; not used\n",
               which);
  return given;
}

}  // namespace sekisho
