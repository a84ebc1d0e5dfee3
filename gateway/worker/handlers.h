// Handlers: what worker processes can do. Handlers run there, one job at a time, and may block,
// burn CPU up to the pool's time, allocate up to the pool's memory, and crash: none of it reaches
// the gateway. After the sandbox is closed they can open no file, no socket and no process, and ask
// nobody: a job brings what it needs, and its result may say what is missing. The table is handed
// in by the wiring, since this folder knows no filter.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/worker/job.h"

namespace sekisho::worker {

struct JobInput {
  std::string_view input;
  std::optional<std::string_view> message;  // Job::message, mapped read-only
};

struct Handler {
  JobKind kind;
  // The result is at most kMaxResult bytes. An exception is an Error; bad_alloc ends the process.
  std::function<Result<std::string>(const JobInput&)> run;
};
inline constexpr std::size_t kMaxResult = 4UL * 1024 * 1024;

struct Handlers {
  std::vector<Handler> jobs;
  // Runs before the sandbox is closed, with what Workers::set_up() was given: the place to read key
  // files and to make libraries open what they need. After an Error the process is not used, and
  // jobs get its text.
  std::function<Result<void>(Pool pool, std::string_view setup)> prepare;
};

}  // namespace sekisho::worker
