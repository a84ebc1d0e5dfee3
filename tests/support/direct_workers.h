// DirectWorkers: worker jobs done in the test's own process, on the spot: for tests of what asks
// for jobs, not of the processes.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/worker/handlers.h"
#include "gateway/worker/workers.h"

namespace sekisho::test {

class DirectWorkers final : public worker::Workers {
 public:
  DirectWorkers() = default;
  explicit DirectWorkers(worker::Handlers handlers) : handlers_(std::move(handlers)) {}

  Task<Result<std::string>> run(Loop&, worker::Job job, CancelSource&, Deadline) override {
    std::optional<mail::SealedView> message;
    if (job.message) {
      auto mapped = mail::SealedView::map(job.message->descriptor());
      if (!mapped) co_return std::unexpected(std::move(mapped.error()));
      message.emplace(std::move(*mapped));
    }
    worker::JobInput input{.input = job.input, .message = std::nullopt};
    if (message) input.message = message->bytes();
    const auto handler = std::ranges::find_if(
        handlers_.jobs, [&job](const auto& one) { return one.kind.name == job.kind.name; });
    if (handler == handlers_.jobs.end()) co_return fail(ErrorKind::invalid, "no such job");
    co_return handler->run(input);
  }
  Task<Result<void>> set_up(Loop&, worker::Pool pool, std::string setup, CancelSource&) override {
    if (handlers_.prepare) co_return handlers_.prepare(pool, setup);
    co_return Result<void>{};
  }

 private:
  worker::Handlers handlers_;
};

}  // namespace sekisho::test
