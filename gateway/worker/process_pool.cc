#include "gateway/worker/process_pool.h"

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "gateway/worker/channel.h"
#include "gateway/worker/frames.h"
#include "gateway/worker/handlers.h"

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

// One who waits. Owned by its coroutine and, as long as it is in the queue or a wake-up is on its
// way, by those. `event` is of its loop; the rest is guarded by the pool's mutex.
struct ProcessPool::Waiter : std::enable_shared_from_this<Waiter> {
  Waiter(Loop& its_loop, std::shared_ptr<const Job> its_job)
      : loop(its_loop), job(std::move(its_job)) {}
  Loop& loop;
  std::shared_ptr<const Job> job;
  Event event;
  Process granted;
  std::optional<Error> refused;
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

void ProcessPool::set_up(std::shared_ptr<const mail::SealedCopy> setup) {
  const std::lock_guard lock(mutex_);
  setup_ = {std::move(setup), setup_.generation + 1};
  for (const Process& process : std::exchange(idle_, {})) kill(*process, "retired");
  wake_();
}

Task<Result<Process>> ProcessPool::take(Loop& loop, std::shared_ptr<const Job> job,
                                        CancelSource& cancel, Deadline deadline) {
  std::shared_ptr<Waiter> waiter;
  {
    const std::lock_guard lock(mutex_);
    if (Process process = take_idle(job)) co_return process;
    if (all_.empty() && !not_before_.passed(Clock::now()))
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
    if (all_.size() < wanted_) wake_();
  }
  auto woken = co_await waiter->event.wait(loop, deadline, cancel);
  const std::lock_guard lock(mutex_);
  if (waiter->granted && woken) co_return std::move(waiter->granted);
  if (waiter->granted) make_free(std::exchange(waiter->granted, nullptr));
  if (waiter->refused) co_return std::unexpected(std::move(*waiter->refused));
  std::erase(waiting_, waiter);
  count();
  co_return woken ? fail(ErrorKind::unavailable, "no worker process")
                  : std::unexpected(std::move(woken.error()));
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
    process->used = true;
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

void ProcessPool::doom_if_overrun(const Process& process, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (process->state != State::starting && process->state != State::left) return;
  if (process->until.passed(now)) kill(*process, "overran");
}

void ProcessPool::kill(WorkerProcess& process, std::string_view why) {
  if (process.state == State::doomed) return;
  process.state = State::doomed;
  if (process.doom.empty()) process.doom = why;
  process.kill();
}

// To the first who waits, or to the idle ones.
void ProcessPool::make_free(const Process& process) {
  if (process->state == State::doomed) return;
  process->job = nullptr;
  process->until = Deadline::never();
  if (process->generation != setup_.generation) return kill(*process, "retired");
  process->state = State::idle;
  idle_.push_back(process);
  if (waiting_.empty()) return;
  const std::shared_ptr<Waiter> first = waiting_.front();
  first->granted = take_idle(first->job);
  if (!first->granted) return;  // it was not sound, and the next will be started
  waiting_.pop_front();
  settle(*first);
  count();
}

void ProcessPool::settle(Waiter& waiter) {
  // While it was in the queue, its coroutine waited, so that its loop is there.
  waiter.loop.post([shared = waiter.shared_from_this()] { shared->event.notify(); });
}

void ProcessPool::fail_waiters_without_hope() {
  if (!all_.empty()) return;
  for (const auto& waiter : std::exchange(waiting_, {})) {
    waiter->refused = Error{ErrorKind::unavailable, last_failure_};
    settle(*waiter);
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

std::optional<ProcessPool::Start> ProcessPool::wants_start(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (all_.size() >= wanted_ || !not_before_.passed(now)) return std::nullopt;
  return setup_;
}

void ProcessPool::started(const Process& process, Deadline until) {
  const std::lock_guard lock(mutex_);
  process->until = until;
  all_.push_back(process);
  count();
}

void ProcessPool::not_started(const Error& why, TimePoint now) {
  const std::lock_guard lock(mutex_);
  last_failure_ = why.text;
  not_before_ = Deadline::at(now + std::max(delay_.after(Duration::zero()), Duration(100ms)));
  fail_waiters_without_hope();
}

bool ProcessPool::serves(const Process& process) {
  const std::lock_guard lock(mutex_);
  return process->serves;
}

void ProcessPool::ready(const Process& process) {
  const std::lock_guard lock(mutex_);
  process->serves = true;
  if (process->state == State::starting) make_free(process);
}

void ProcessPool::unable(const Process& process, std::string why) {
  const std::lock_guard lock(mutex_);
  process->doom = "unable";
  last_failure_ = std::move(why);
}

bool ProcessPool::skip_part(const Process& process) {
  const std::lock_guard lock(mutex_);
  return process->state == State::left && ++process->skipped_parts <= kMaxResult / kPart;
}

std::vector<ProcessPool::Watched> ProcessPool::watched() {
  const std::lock_guard lock(mutex_);
  std::vector<Watched> all;
  all.reserve(all_.size());
  for (const Process& one : all_)
    all.push_back({one, one->state == State::starting || one->state == State::left, one->until});
  return all;
}

Deadline ProcessPool::next_start() {
  const std::lock_guard lock(mutex_);
  return all_.size() < wanted_ ? not_before_ : Deadline::never();
}

ProcessPool::Death ProcessPool::bury(const Process& process, const std::string& how,
                                     TimePoint now) {
  const std::lock_guard lock(mutex_);
  std::erase(all_, process);
  std::erase(idle_, process);
  Death death{std::exchange(process->job, nullptr), process->doom, process->serves};
  process->state = State::doomed;
  // What a job did to it says nothing of the next; what happens to unused ones will happen again.
  const bool served = process->used || death.doom == "retired";
  const Duration wait = served ? Duration::zero() : delay_.after(Duration::zero());
  if (served) (void)delay_.after(RespawnDelay::kYoung);
  not_before_ = Deadline::at(now + wait);
  if (death.doom != "unable")
    last_failure_ = fmt::format("the {} worker {}", to_string(pool_), how);
  if (!death.had_served) fail_waiters_without_hope();
  count();
  return death;
}

}  // namespace sekisho::worker
