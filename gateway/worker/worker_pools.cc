#include "gateway/worker/worker_pools.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/net/fd_waiter.h"
#include "gateway/worker/channel.h"
#include "gateway/worker/frames.h"
#include "gateway/worker/handlers.h"

namespace sekisho::worker {
namespace {

// A message up to this size is hashed on the loop.
constexpr std::size_t kHashedAtOnce = 64UL * 1024;

std::string word_of(Pool pool) { return std::string(to_string(pool)); }

}  // namespace

// A process with a job, until one of its ends is chosen.
class WorkerPools::Lease {
 public:
  Lease(ProcessPool& pool, Process process) : pool_(pool), process_(std::move(process)) {}
  ~Lease() { doom("abandoned"); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] const Process& process() const { return process_; }
  [[nodiscard]] const ProcessPool& pool() const { return pool_; }
  void give_back() {
    if (process_) pool_.give_back(std::exchange(process_, nullptr));
  }
  void leave(Deadline until) {
    if (process_) pool_.leave(std::exchange(process_, nullptr), until);
  }
  void doom(std::string_view why) {
    if (process_) pool_.doom(std::exchange(process_, nullptr), why);
  }
  // No answer so far, and nobody will wait for one.
  std::unexpected<Error> given_up(FdWaiter::Woken why, Deadline own) {
    if (why == FdWaiter::Woken::timeout && own.passed(Clock::now())) {
      doom("overran");
      return fail(ErrorKind::timeout,
                  fmt::format("the {} worker overran its time", to_string(pool_.pool())));
    }
    leave(own);
    switch (why) {
      case FdWaiter::Woken::timeout:
        return fail(ErrorKind::timeout, "no answer of a worker before the deadline");
      case FdWaiter::Woken::cancelled:
        return fail(ErrorKind::cancelled, "cancelled");
      default:
        return fail(ErrorKind::limit, "the system would not watch a worker's socket");
    }
  }
  // By what reading from or writing to it came to.
  std::unexpected<Error> broken(const Error& error) {
    if (error.kind != ErrorKind::closed) {
      doom("nonsense");
      return fail(ErrorKind::protocol, fmt::format("the {} worker spoke nonsense: {}",
                                                   to_string(pool_.pool()), error.text));
    }
    doom("");
    return fail(ErrorKind::closed,
                fmt::format("the {} worker died over this job", to_string(pool_.pool())));
  }

 private:
  ProcessPool& pool_;
  Process process_;
};

Result<std::unique_ptr<WorkerPools>> WorkerPools::create(const WorkerSettings& settings,
                                                         const Services& services,
                                                         std::vector<std::string> command) {
  auto bell = WorkerSupervisor::make_bell();
  if (!bell) return std::unexpected(std::move(bell.error()));
  auto nothing = mail::SealedCopy::of("");
  if (!nothing) return std::unexpected(std::move(nothing.error()));
  std::unique_ptr<WorkerPools> pools(
      new WorkerPools(settings, services, std::move(command), std::move(*bell)));
  pools->inspect_.set_up(*nothing);
  pools->signer_.set_up(*nothing);
  pools->supervisor_.run({&pools->inspect_, &pools->signer_});
  return pools;
}

WorkerPools::WorkerPools(const WorkerSettings& settings, const Services& services,
                         std::vector<std::string> command, Descriptor bell)
    : services_(services),
      counters_{counters_of(Pool::inspect), counters_of(Pool::signer)},
      copies_(
          settings.copies.count,
          services.metrics.gauge("worker_copies_bytes", "Copies of messages for worker processes"),
          services.metrics.counter("worker_copies_refused_total",
                                   "Copies that workers.copies had no memory for")),
      inspect_(Pool::inspect, settings.inspect, services.metrics, [this] { supervisor_.wake(); }),
      signer_(Pool::signer, settings.signer, services.metrics, [this] { supervisor_.wake(); }),
      supervisor_({services.log, services.metrics, suspects_}, std::move(command),
                  std::move(bell)) {}

WorkerPools::Counters WorkerPools::counters_of(Pool pool) {
  const auto jobs = [&](const char* result) -> Counter& {
    return services_.metrics.counter("worker_jobs_total", "Jobs for worker processes, by result",
                                     {{"pool", word_of(pool)}, {"result", result}});
  };
  return {jobs("done"), jobs("failed"), jobs("refused")};
}

Task<Result<void>> WorkerPools::set_up(Loop& loop, Pool pool, std::string setup,
                                       CancelSource& cancel) {
  if (of(pool).has_setup(setup)) co_return Result<void>{};
  auto copy = mail::SealedCopy::of(setup);
  if (!copy) co_return std::unexpected(std::move(copy.error()));
  // Whoever has nothing to hold need not have a process.
  if (setup.empty()) {
    of(pool).set_up(std::move(*copy));
    co_return Result<void>{};
  }
  co_return co_await of(pool).try_set_up(loop, std::move(*copy), cancel);
}

Task<Result<std::string>> WorkerPools::run(Loop& loop, Job given, CancelSource& cancel,
                                           Deadline deadline) {
  const auto job = std::make_shared<const Job>(std::move(given));
  const Counters& counters = counters_[static_cast<std::size_t>(job->kind.pool)];
  if (!suspects_.none()) {
    if (auto allowed = co_await refuse_suspect(loop, job); !allowed) {
      counters.refused.add();
      co_return std::unexpected(std::move(allowed.error()));
    }
  }
  auto result = co_await run_in(of(job->kind.pool), loop, job, cancel, deadline);
  (result ? counters.done : counters.failed).add();
  co_return result;
}

Task<Result<void>> WorkerPools::refuse_suspect(Loop& loop, const std::shared_ptr<const Job>& job) {
  Result<std::string> name;
  const std::size_t size = job->message ? job->message->size() : job->input.size();
  if (size <= kHashedAtOnce) {
    name = fingerprint(*job);
  } else {
    auto hashed = co_await services_.offload.run(loop, [job] { return fingerprint(*job); });
    name = hashed ? std::move(*hashed) : std::unexpected(std::move(hashed.error()));
  }
  if (!name) co_return std::unexpected(std::move(name.error()));
  if (!suspects_.refuses(*name, Clock::now())) co_return Result<void>{};
  co_return fail(
      ErrorKind::unavailable,
      fmt::format("the message with the fingerprint {} has ended {} worker processes, and "
                  "is refused unread",
                  *name, Suspects::kFatal));
}

Task<Result<std::string>> WorkerPools::run_in(ProcessPool& pool, Loop& loop,
                                              std::shared_ptr<const Job> job, CancelSource& cancel,
                                              Deadline deadline) {
  auto process = co_await pool.take(loop, job, cancel, deadline);
  if (!process) co_return std::unexpected(std::move(process.error()));
  Lease lease(pool, std::move(*process));
  if (auto sent = hand_over(*lease.process(), *job); !sent) {
    if (sent.error().kind != ErrorKind::limit) co_return lease.broken(sent.error());
    lease.give_back();  // it has seen nothing of it
    co_return std::unexpected(std::move(sent.error()));
  }
  co_return co_await await_result(lease, loop, cancel, deadline);
}

Result<void> WorkerPools::hand_over(const WorkerProcess& process, const Job& job) {
  JobFrame frame{.kind = job.kind.name, .input = job.input, .has_message = job.message != nullptr};
  std::vector<int> files;
  if (job.message) files.push_back(job.message->descriptor());
  std::shared_ptr<const mail::SealedCopy> input;
  if (job.input.size() > kMaxInlineInput) {
    auto share = copies_.take(job.input.size());
    if (!share) return std::unexpected(std::move(share.error()));
    auto copy = mail::SealedCopy::of(job.input, std::move(*share));
    if (!copy) return fail(ErrorKind::limit, std::move(copy.error().text));
    input = std::move(*copy);
    files.push_back(input->descriptor());
    frame.input = "";
    frame.input_by_descriptor = true;
  }
  const auto bytes = encode(ToWorker(frame));
  if (!bytes) return fail(ErrorKind::limit, "a job's kind has too long a name");
  return send_frame(process.socket(), *bytes, files);
}

Task<Result<std::string>> WorkerPools::await_result(Lease& lease, Loop& loop, CancelSource& cancel,
                                                    Deadline deadline) {
  const Process process = lease.process();  // so that the socket outlives the waiter
  FdWaiter waiter(loop, cancel, process->socket());
  const Deadline own = Deadline::in(lease.pool().settings().time);
  std::string result;
  while (true) {
    const auto woken = co_await waiter.readable(own.or_sooner(deadline));
    if (woken != FdWaiter::Woken::ready) co_return lease.given_up(woken, own);
    const auto got = receive_now(process->socket(), loop.scratch());
    if (!got) co_return lease.broken(got.error());
    if (!*got) continue;
    const auto frame = decode_from_worker(**got);
    const auto* const part = frame ? std::get_if<PartFrame>(&*frame) : nullptr;
    const auto* const done = frame ? std::get_if<DoneFrame>(&*frame) : nullptr;
    if (part == nullptr && done == nullptr)
      co_return lease.broken({ErrorKind::protocol, "no frame that belongs here"});
    const std::string_view bytes = part != nullptr ? part->bytes : done->outcome.bytes;
    const bool failed = done != nullptr && done->outcome.error;
    if (result.size() + bytes.size() > kMaxResult || (failed && !result.empty()))
      co_return lease.broken({ErrorKind::protocol, "a result that is too long, or none"});
    result += bytes;
    if (part != nullptr) continue;
    lease.give_back();
    if (failed) co_return fail(*done->outcome.error, std::move(result));
    co_return result;
  }
}

}  // namespace sekisho::worker
