#include "gateway/worker/process_pool.h"

#include <algorithm>
#include <array>
#include <exception>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "gateway/worker/channel.h"

namespace sekisho::worker {
namespace {

// Nothing may come from a process that has no job, and it must be there.
bool is_sound(const WorkerProcess& process) {
  std::array<char, 1> byte{};
  const auto got = receive_now(process.socket(), byte);
  return got && !*got;
}

std::size_t processes(const PoolSettings& settings) {
  if (settings.processes > 0) return static_cast<std::size_t>(settings.processes);
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace

// In the queue, until it ends: however that comes, no process is lost by it.
class ProcessPool::Place {
 public:
  Place(ProcessPool& pool, std::shared_ptr<Waiter> waiter)
      : pool_(pool), waiter_(std::move(waiter)) {}
  ~Place() { pool_.leave_queue(waiter_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  ProcessPool& pool_;
  std::shared_ptr<Waiter> waiter_;
};

ProcessPool::ProcessPool(Pool pool, const PoolSettings& settings, Metrics& metrics,
                         std::function<void()> wake)
    : pool_(pool),
      settings_(settings),
      most_(processes(settings)),
      running_(metrics.gauge("workers_running", "Worker processes that are there",
                             {{"pool", std::string(to_string(pool))}})),
      waiting_jobs_(metrics.gauge("worker_jobs_waiting", "Jobs that wait for a worker process",
                                  {{"pool", std::string(to_string(pool))}})),
      wake_(std::move(wake)) {}

ProcessPool::~ProcessPool() = default;

Task<Result<Process>> ProcessPool::take(Loop& loop, std::shared_ptr<const Job> job,
                                        CancelSource& cancel, Deadline deadline) {
  std::shared_ptr<Waiter> waiter;
  {
    const std::lock_guard lock(mutex_);
    if (Process process = take_idle(job)) co_return process;
    if (standing() == 0 && !not_before_.passed(Clock::now()))
      co_return fail(ErrorKind::unavailable, last_failure_);
    if (waiting_.size() >= static_cast<std::size_t>(settings_.max_waiting))
      co_return fail(ErrorKind::unavailable,
                     fmt::format("all {} workers are busy, and {} jobs wait", to_string(pool_),
                                 waiting_.size()));
    waiter = std::make_shared<Waiter>(loop, std::move(job));
    waiting_.push_back(waiter);
    const std::size_t at_work = count_in(State::busy) + count_in(State::left);
    wanted_ = std::max(wanted_, std::min(most_, at_work + waiting_.size()));
    count();
    if (standing() < wanted()) wake_();
  }
  const Place place(*this, waiter);
  auto woken = co_await waiter->event.wait(loop, deadline, cancel);
  const std::lock_guard lock(mutex_);
  if (waiter->granted && woken) co_return std::exchange(waiter->granted, nullptr);
  if (waiter->refused) co_return std::unexpected(std::move(*waiter->refused));
  co_return woken ? fail(ErrorKind::unavailable, "no worker process")
                  : std::unexpected(std::move(woken.error()));
}

void ProcessPool::leave_queue(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  if (waiter->granted) make_free(std::exchange(waiter->granted, nullptr));
  std::erase(waiting_, waiter);
  count();
}

Process ProcessPool::take_idle(const std::shared_ptr<const Job>& job) {
  while (!idle_.empty()) {
    Process process = std::move(idle_.back());
    idle_.pop_back();
    if (!is_sound(*process)) {
      kill(*process, "nonsense");
      continue;
    }
    process->state = State::busy;
    process->job = job;
    ++process->jobs;
    return process;
  }
  return nullptr;
}

void ProcessPool::give_back(const Process& process) {
  const std::lock_guard lock(mutex_);
  make_free(process);
}

void ProcessPool::leave(const Process& process, Deadline until) {
  const std::lock_guard lock(mutex_);
  if (process->state == State::doomed) return;
  process->state = State::left;
  process->until = until;
  process->skipped_parts = 0;
  wake_();
}

void ProcessPool::doom(const Process& process, std::string_view why) {
  const std::lock_guard lock(mutex_);
  kill(*process, why);
}

void ProcessPool::kill(WorkerProcess& process, std::string_view why) {
  if (process.state == State::doomed) return;
  process.state = State::doomed;
  if (process.doom.empty()) process.doom = why;
  process.kill();
}

bool ProcessPool::is_worn(const WorkerProcess& process) const {
  return settings_.max_jobs > 0 && process.jobs >= settings_.max_jobs &&
         process.state != State::doomed;
}

// To the first who waits, or to the idle ones.
void ProcessPool::make_free(const Process& process) {
  if (process->state == State::doomed) return;
  process->job = nullptr;
  process->until = Deadline::never();
  if (process->generation != setup_.generation) return kill(*process, "retired");
  if (is_worn(*process)) {
    if (standing() > wanted_) return kill(*process, "retired");
    wake_();  // serves until its successor is ready
  }
  process->state = State::idle;
  idle_.push_back(process);
  hand_out();
}

void ProcessPool::hand_out() {
  while (!waiting_.empty()) {
    const std::shared_ptr<Waiter> first = waiting_.front();
    Process process = take_idle(first->job);
    if (!process) break;
    try {
      // While it is in the queue, its coroutine waits, so that its loop is there.
      first->loop.post([first] { first->event.notify(); });
    } catch (const std::exception&) {  // no memory: the Supervisor's next turn, or whoever is next
      process->state = State::idle;
      process->job = nullptr;
      idle_.push_back(std::move(process));
      break;
    }
    first->granted = std::move(process);
    waiting_.pop_front();
  }
  count();
}

void ProcessPool::count() {
  running_.set(static_cast<double>(all_.size()));
  waiting_jobs_.set(static_cast<double>(waiting_.size()));
}

std::size_t ProcessPool::count_in(State state) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(all_, [state](const Process& one) { return one->state == state; }));
}

std::size_t ProcessPool::standing() const {
  return static_cast<std::size_t>(std::ranges::count_if(all_, [this](const Process& one) {
    return one->serves || one->generation == setup_.generation;
  }));
}

std::size_t ProcessPool::wanted() const {
  const bool worn = std::ranges::any_of(all_, [this](const Process& one) { return is_worn(*one); });
  return wanted_ + (worn ? 1 : 0);
}

}  // namespace sekisho::worker
