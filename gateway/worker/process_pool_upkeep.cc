// ProcessPool: what the Supervisor's thread does with it, and the setups.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/worker/frames.h"
#include "gateway/worker/handlers.h"
#include "gateway/worker/process_pool.h"

namespace sekisho::worker {

void ProcessPool::set_up(Setup setup) {
  const std::lock_guard lock(mutex_);
  setup_ = {std::move(setup), ++generations_};
  kill_idle("retired");
  wake_();
}

bool ProcessPool::has_setup(std::string_view bytes) {
  Setup setup;
  {
    const std::lock_guard lock(mutex_);
    setup = setup_.setup;
  }
  const auto view = mail::SealedView::map(setup->descriptor());
  return view && view->bytes() == bytes;
}

Task<Result<void>> ProcessPool::try_set_up(Loop& loop, Setup setup, CancelSource& cancel) {
  const auto trial = std::make_shared<Trial>(loop, Start{std::move(setup), 0});
  {
    const std::lock_guard lock(mutex_);
    if (trial_)
      co_return fail(ErrorKind::unavailable,
                     fmt::format("the {} workers are being set up", to_string(pool_)));
    trial->start.generation = ++generations_;
    trial_ = trial;
    wake_();
  }
  // The process has its own bound, and more than that is waited for none.
  auto woken = co_await trial->event.wait(loop, Deadline::in(2 * kStartPatience), cancel);
  const std::lock_guard lock(mutex_);
  if (trial_ == trial) trial_ = nullptr;
  if (trial->adopted) co_return Result<void>{};
  if (trial->refused) co_return std::unexpected(std::move(*trial->refused));
  co_return woken;
}

bool ProcessPool::tries(const WorkerProcess& process) const {
  return trial_ && process.generation == trial_->start.generation;
}

void ProcessPool::adopt_trial() {
  const std::shared_ptr<Trial> trial = trial_;
  trial->loop.post([trial] { trial->event.notify(); });
  trial->adopted = true;
  trial_ = nullptr;
  setup_ = trial->start;
  wanted_ = std::max<std::size_t>(wanted_, 1);
  kill_idle("retired");
}

void ProcessPool::refuse_trial(const Error& why) {
  const std::shared_ptr<Trial> trial = trial_;
  trial->refused = why;
  trial->loop.post([trial] { trial->event.notify(); });
  trial_ = nullptr;
}

void ProcessPool::kill_idle(std::string_view why) {
  for (const Process& process : idle_) kill(*process, why);
  idle_.clear();
}

// One for each that is ready in its place.
void ProcessPool::retire_worn() {
  if (standing() <= wanted_) return;
  const auto worn =
      std::ranges::find_if(idle_, [this](const Process& one) { return is_worn(*one); });
  if (worn == idle_.end()) return;  // it is busy, and ends after its job
  kill(**worn, "retired");
  idle_.erase(worn);
}

void ProcessPool::fail_waiters_without_hope() {
  if (standing() > 0) return;
  while (!waiting_.empty()) {
    const std::shared_ptr<Waiter> first = waiting_.front();
    first->refused = Error{ErrorKind::unavailable, last_failure_};
    first->loop.post([first] { first->event.notify(); });
    waiting_.pop_front();
  }
  count();
}

std::optional<ProcessPool::Start> ProcessPool::wants_start(TimePoint now) {
  const std::lock_guard lock(mutex_);
  hand_out();
  if (trial_ && !std::exchange(trial_->begun, true)) return trial_->start;
  if (standing() >= wanted() || !not_before_.passed(now)) return std::nullopt;
  return setup_;
}

void ProcessPool::started(const Process& process, Deadline until) {
  const std::lock_guard lock(mutex_);
  idle_.reserve(all_.size() + 1);  // so that becoming idle takes no memory
  process->until = until;
  all_.push_back(process);
  count();
}

void ProcessPool::not_started(const Start& start, const Error& why, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (trial_ && start.generation == trial_->start.generation) return refuse_trial(why);
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
  if (tries(*process)) adopt_trial();
  process->serves = true;
  if (process->state == State::starting) make_free(process);
  retire_worn();
}

void ProcessPool::unable(const Process& process, std::string why) {
  const std::lock_guard lock(mutex_);
  process->doom = "unable";
  if (tries(*process)) return refuse_trial({ErrorKind::invalid, std::move(why)});
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

void ProcessPool::doom_if_overrun(const Process& process, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (process->state != State::starting && process->state != State::left) return;
  if (process->until.passed(now)) kill(*process, "overran");
}

Deadline ProcessPool::next_start() {
  const std::lock_guard lock(mutex_);
  return standing() < wanted() ? not_before_ : Deadline::never();
}

bool ProcessPool::is_filling() {
  const std::lock_guard lock(mutex_);
  return standing() < wanted() || count_in(State::starting) > 0;
}

ProcessPool::Death ProcessPool::bury(const Process& process, const std::string& how,
                                     TimePoint now) {
  const std::lock_guard lock(mutex_);
  const std::string what = fmt::format("the {} worker {}", to_string(pool_), how);
  if (tries(*process)) refuse_trial({ErrorKind::unavailable, what + " before it was ready"});
  const bool of_now = process->serves || process->generation == setup_.generation;
  std::erase(all_, process);
  std::erase(idle_, process);
  Death death{std::exchange(process->job, nullptr), process->doom, process->serves};
  process->state = State::doomed;
  count();
  if (!of_now) return death;  // of a setup that is not in force
  // What a job did to it says nothing of the next; what happens to unused ones will happen again.
  const bool served = process->jobs > 0 || death.doom == "retired";
  const Duration wait = served ? Duration::zero() : delay_.after(Duration::zero());
  if (served) (void)delay_.after(RespawnDelay::kYoung);
  not_before_ = Deadline::at(now + wait);
  if (death.doom != "unable") last_failure_ = what;
  if (!death.had_served) fail_waiters_without_hope();
  return death;
}

}  // namespace sekisho::worker
