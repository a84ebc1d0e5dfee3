// `sekisho reload` and `sekisho restart`: the configuration is checked, then the gateway that runs
// with it is told.
#include <cerrno>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/time.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/process_file.h"

namespace sekisho::cli {
namespace {

// Longer than the keeper waits for the new process (60 s).
constexpr Duration kRestartPatience = 65s;
constexpr auto kLookAgain = 20ms;

int complain(std::string_view command, std::string_view what) {
  fmt::print(stderr, "sekisho {}: {}\n", command, what);
  return kErrors;
}

// The gateway that runs with a configuration; nobody else gets its signals, even if it dies now.
struct Running {
  ProcessFile processes;
  Descriptor handle;

  [[nodiscard]] Result<void> signal(int number) const {
    if (::syscall(SYS_pidfd_send_signal, handle.get(), number, nullptr, 0) == 0) return {};
    return std::unexpected(system_error(
        ErrorKind::io, fmt::format("process {} can't be told", processes.main), errno));
  }
};

bool is_gateway(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  return std::getline(file, name) && name.starts_with("sekisho");  // the keeper is "sekisho-keeper"
}

Result<Running> find_running(const std::filesystem::path& state_directory) {
  const auto processes = ProcessFile::read(state_directory);
  if (!processes && processes.error().kind == ErrorKind::unavailable)
    return fail(ErrorKind::unavailable,
                fmt::format("no gateway runs with this configuration: {}", processes.error().text));
  if (!processes) return std::unexpected(processes.error());
  // The handle first: what it is looked up for can't be another process afterwards.
  Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, processes->main, 0)));
  if (!handle.is_open() || !is_gateway(processes->main))
    return fail(ErrorKind::unavailable,
                fmt::format("no gateway runs with this configuration: process {} of {} is gone",
                            processes->main, ProcessFile::path_in(state_directory).string()));
  return Running{*processes, std::move(handle)};
}

}  // namespace

int reload_daemon(const std::filesystem::path& config_file) {
  const auto loaded = load_or_complain(config::load, config_file);
  if (!loaded) return complain("reload", "nothing was done: the old configuration stays in force");
  print(loaded->warnings);
  auto running = find_running(loaded->settings.state_directory);
  if (!running) return complain("reload", running.error().text);
  if (auto told = running->signal(SIGHUP); !told) return complain("reload", told.error().text);
  fmt::print("process {} reloads {}; its log says how that ended\n", running->processes.gateway,
             config_file.string());
  return kDone;
}

int restart_daemon(const std::filesystem::path& config_file) {
  const auto loaded = load_or_complain(config::load, config_file);
  if (!loaded) return complain("restart", "nothing was done: the old process goes on");
  print(loaded->warnings);
  const auto& folder = loaded->settings.state_directory;
  auto running = find_running(folder);
  if (!running) return complain("restart", running.error().text);
  const ProcessFile before = running->processes;
  if (before.main == before.gateway)
    return complain("restart",
                    fmt::format("process {} runs without a keeper (--no-keeper), so a restart "
                                "would cut sessions: stop it and start it",
                                before.main));
  if (auto told = running->signal(SIGUSR2); !told) return complain("restart", told.error().text);
  const Deadline deadline = Deadline::in(kRestartPatience);
  while (!deadline.passed(Clock::now())) {
    const auto now = ProcessFile::read(folder);
    if (now && now->main == before.main && now->gateway != before.gateway) {
      fmt::print("process {} serves; {} lets its sessions end\n", now->gateway, before.gateway);
      return kDone;
    }
    if (!is_gateway(before.main))
      return complain("restart", fmt::format("process {} has ended", before.main));
    std::this_thread::sleep_for(kLookAgain);
  }
  return complain("restart", "no other process came to serve; the old one goes on: see its log");
}

}  // namespace sekisho::cli
