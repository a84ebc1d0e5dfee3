// [workers]: the processes that look at hostile content and hold the signing keys. Plain values.
#pragma once

#include <chrono>
#include <cstdint>

#include "gateway/base/settings_visitor.h"
#include "gateway/worker/job.h"

namespace sekisho::worker {

// [workers.inspect], [workers.signer]
struct PoolSettings {
  std::int64_t processes = 0;  // 0: one for each core
  std::int64_t max_waiting = 200;
  std::int64_t max_jobs = 2'000;           // 0: without end
  Bytes memory{512UL * 1024 * 1024};       // of one job, with its message
  std::chrono::milliseconds time{10'000};  // of one job

  void visit(SettingsVisitor& v);
  bool operator==(const PoolSettings&) const = default;
};

struct WorkerSettings {
  PoolSettings inspect;
  PoolSettings signer;
  Bytes copies{1024UL * 1024 * 1024};  // of all messages, together

  [[nodiscard]] const PoolSettings& of(Pool pool) const {
    return pool == Pool::inspect ? inspect : signer;
  }
  void visit(SettingsVisitor& v);
  bool operator==(const WorkerSettings&) const = default;
};

}  // namespace sekisho::worker
