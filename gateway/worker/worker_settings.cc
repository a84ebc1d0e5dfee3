#include "gateway/worker/worker_settings.h"

namespace sekisho::worker {

void PoolSettings::visit(SettingsVisitor& v) {
  v.field("processes", processes,
          "Processes, each of which does one job at a time; 0: one for each core. They start when "
          "they are needed.",
          0, 256);
  v.field("max_waiting", max_waiting,
          "Jobs that may wait for a process; further ones fail, and their messages are answered "
          "451 unless the filter says otherwise (on_error).",
          1, 100'000);
  v.field("max_jobs", max_jobs,
          "Jobs after which a process is replaced by a new one, so that what a library leaks, or "
          "somebody who took it over, does not stay; 0: none is. Its successor starts before it "
          "ends.",
          0, 1'000'000'000);
  v.field("memory", memory,
          "Memory that one job may take, with its message; a process that wants more ends, and its "
          "job fails.");
  v.field("time", time,
          "How long one job may take; then its process is killed, and the job fails.");
  if (memory.count < 16UL * 1024 * 1024) v.error("memory", "must be at least 16MiB");
  if (time.count() <= 0) v.error("time", "must be longer than nothing");
}

void WorkerSettings::visit(SettingsVisitor& v) {
  v.table("inspect", "Processes that look into messages, and hold nothing else.",
          [this](SettingsVisitor& t) { inspect.visit(t); });
  v.table("signer", "Processes that sign, which alone read the keys.",
          [this](SettingsVisitor& t) { signer.visit(t); });
  v.field("copies", copies,
          "Memory that the copies of messages for these processes may have, all sessions together. "
          "A message that finds none left is answered 451 unless the filter says otherwise "
          "(on_error).");
}

}  // namespace sekisho::worker
