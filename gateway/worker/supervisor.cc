#include "gateway/worker/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/thread.h"
#include "gateway/worker/channel.h"
#include "gateway/worker/frames.h"
#include "gateway/worker/worker_main.h"

namespace sekisho::worker {
namespace {

// So long the words over a death may wait for processes to start: the hash that names its message
// takes its time.
constexpr Duration kObituaryDelay = 500ms;

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* const name = ::sigabbrev_np(number);
    return name != nullptr ? fmt::format("died of SIG{}", name)
                           : fmt::format("died of signal {}", number);
  }
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

// The label of the counter. What we killed has our reason.
std::string_view cause_of(const ProcessPool::Death& death, int status) {
  if (!death.doom.empty()) return death.doom;
  if (!death.had_served) return "not_started";
  if (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemory) return "memory";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return "forbidden";
  return "crashed";
}

}  // namespace

Result<Descriptor> WorkerSupervisor::make_bell() {
  Descriptor bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell.is_open()) return std::unexpected(system_error(ErrorKind::limit, "eventfd", errno));
  return bell;
}

WorkerSupervisor::WorkerSupervisor(const Services& services, std::vector<std::string> command,
                                   Descriptor bell)
    : services_(services),
      command_(std::move(command)),
      bell_(std::move(bell)),
      buffer_(kMaxFrame + 1) {}

WorkerSupervisor::~WorkerSupervisor() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  wake();
  thread_.join();
}

void WorkerSupervisor::run(std::vector<ProcessPool*> pools) {
  pools_ = std::move(pools);
  thread_ = std::thread([this] { work(); });
}

void WorkerSupervisor::wake() const {
  const std::uint64_t one = 1;
  (void)!::write(bell_.get(), &one, sizeof one);
}

// The thread lives as long as its processes: to them it is the parent whose death ends them
// (PR_SET_PDEATHSIG).
void WorkerSupervisor::work() {
  enter_background_thread("sekisho-workers");
  while (!stopping_) {
    try {
      for (ProcessPool* const pool : pools_) start_wanted(*pool);
      look_after(pools_);
      write_obituaries();
    } catch (const std::exception& error) {
      // No memory for the moment. Whoever waits for a process has a deadline.
      services_.log.write(LogLine("worker_supervision_failed", LogLevel::error)
                              .add("what", std::string_view(error.what())));
      ::usleep(100'000);
    }
  }
  for (ProcessPool* const pool : pools_)
    for (const auto& watched : pool->watched()) pool->doom(watched.process, "stopped");
  try {
    while (!obituaries_.empty()) write_first_obituary();
  } catch (const std::exception&) {
    return;  // no memory, and nobody to tell
  }
}

void WorkerSupervisor::start_wanted(ProcessPool& pool) {
  while (const auto start = pool.wants_start(Clock::now())) {
    auto process =
        WorkerProcess::start(command_, pool.pool(), pool.settings().memory.count, *start->setup);
    if (process) {
      (*process)->generation = start->generation;
      pool.started(*process, Deadline::in(kStartPatience));
      continue;
    }
    services_.log.write(LogLine("worker_not_started", LogLevel::error)
                            .add("pool", to_string(pool.pool()))
                            .add("why", process.error().text));
    pool.not_started(*start, process.error(), Clock::now());
  }
}

void WorkerSupervisor::look_after(std::span<ProcessPool* const> pools) {
  struct Seen {
    ProcessPool* pool;
    ProcessPool::Watched watched;
    std::size_t ended;  // index of its pollfd
  };
  std::vector<pollfd> files{{.fd = bell_.get(), .events = POLLIN, .revents = 0}};
  std::vector<Seen> all;
  Deadline next = Deadline::never();
  for (ProcessPool* const pool : pools) {
    next = next.or_sooner(pool->next_start());
    for (auto& watched : pool->watched()) {
      const std::size_t ended = files.size();
      files.push_back({.fd = watched.process->ended(), .events = POLLIN, .revents = 0});
      // poll(2) passes over negative ones.
      files.push_back(
          {.fd = watched.listen ? watched.process->socket() : -1, .events = POLLIN, .revents = 0});
      if (watched.listen) next = next.or_sooner(watched.until);
      all.push_back({pool, std::move(watched), ended});
    }
  }
  if (!obituaries_.empty())
    next = next.or_sooner(Deadline::at(obituaries_.front().since + kObituaryDelay));
  int patience = -1;
  if (!next.is_never()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next.remaining(Clock::now()));
    patience = static_cast<int>(std::min<long>(left.count(), 60'000));
  }
  if (::poll(files.data(), files.size(), patience) < 0 && errno != EINTR) return;
  std::uint64_t rings = 0;
  (void)!::read(bell_.get(), &rings, sizeof rings);
  const TimePoint now = Clock::now();
  for (const Seen& one : all) {
    // What it said last is worth hearing: why it can't start.
    if (files[one.ended + 1].revents != 0) hear(*one.pool, one.watched.process);
    if (files[one.ended].revents != 0)
      bury(*one.pool, one.watched.process);
    else
      one.pool->doom_if_overrun(one.watched.process, now);
  }
}

// From a process that starts, or that does a job whose session is gone.
void WorkerSupervisor::hear(ProcessPool& pool, const Process& process) {
  const auto got = receive_now(process->socket(), buffer_);
  if (!got) return pool.doom(process, got.error().kind == ErrorKind::protocol ? "nonsense" : "");
  if (!*got) return;
  const auto frame = decode_from_worker(**got);
  if (frame && std::holds_alternative<DoneFrame>(*frame)) return pool.give_back(process);
  if (frame && std::holds_alternative<PartFrame>(*frame) && pool.skip_part(process)) return;
  // Once it serves it may be somebody else's, who would hide its death behind such a frame.
  if (pool.serves(process)) return pool.doom(process, "nonsense");
  if (frame && std::holds_alternative<ReadyFrame>(*frame)) {
    note_lacks(std::get<ReadyFrame>(*frame).lacks);
    return pool.ready(process);
  }
  if (frame && std::holds_alternative<UnableFrame>(*frame)) {
    const std::string why(std::get<UnableFrame>(*frame).why);
    services_.log.write(LogLine("worker_not_started", LogLevel::error)
                            .add("pool", to_string(pool.pool()))
                            .add("why", why));
    return pool.unable(process, why);
  }
  pool.doom(process, "nonsense");
}

void WorkerSupervisor::note_lacks(std::string_view lacks) {
  if (lacks.empty() || std::exchange(said_what_lacks_, true)) return;
  services_.log.write(LogLine("worker_sandbox", LogLevel::warning).add("kernel_lacks", lacks));
}

void WorkerSupervisor::bury(ProcessPool& pool, const Process& process) {
  const auto status = process->reap();
  if (!status) return;
  const std::string how = describe_end(*status);
  const auto death = pool.bury(process, how, Clock::now());
  const std::string_view cause = cause_of(death, *status);
  if (cause == "retired") return;
  services_.metrics
      .counter("worker_deaths_total", "Worker processes that died, by cause",
               {{"pool", std::string(to_string(pool.pool()))}, {"cause", std::string(cause)}})
      .add();
  if (cause == "unable") return;  // that was said
  LogLine line("worker_died", LogLevel::warning);
  line.add("pool", to_string(pool.pool())).add("pid", process->pid());
  line.add("cause", cause).add("how", how);
  obituaries_.push_back({pool.pool(), death.job, std::move(line), Clock::now()});
}

void WorkerSupervisor::write_obituaries() {
  while (!obituaries_.empty()) {
    const bool late = Clock::now() - obituaries_.front().since >= kObituaryDelay;
    if (!late && std::ranges::any_of(pools_, [](auto* pool) { return pool->is_filling(); })) return;
    write_first_obituary();
  }
}

void WorkerSupervisor::write_first_obituary() {
  Obituary one = std::move(obituaries_.front());
  obituaries_.pop_front();
  if (one.job) suspect(one.pool, *one.job, one.line);
  services_.log.write(one.line);
}

void WorkerSupervisor::suspect(Pool pool, const Job& job, LogLine& line) {
  line.add("job", job.kind.name);
  if (!job.log_id.empty()) line.add("id", job.log_id);
  const auto name = fingerprint(job);
  if (!name) return;
  const int deaths = services_.suspects.killed(*name, Clock::now());
  line.add("fingerprint", *name).add("deaths", deaths);
  if (deaths != Suspects::kFatal) return;
  LogLine refused("worker_message_refused", LogLevel::error);
  refused.add("pool", to_string(pool)).add("fingerprint", *name).add("deaths", deaths);
  if (!job.log_id.empty()) refused.add("id", job.log_id);
  services_.log.write(refused);
}

}  // namespace sekisho::worker
