// Reloader: the configuration while the daemon serves. Reads it anew when told to (SIGHUP) and puts
// it in force whole or not at all; the users file, the domains file and certificates take
// effect when they change, without being told. Owned by the Server; main loop. The disk is read on
// the Offload pool.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/keeper/supervisor.h"
#include "gateway/snapshot.h"

namespace sekisho {

// What a restart alone can change.
struct FixedSettings {
  Log::Settings log;
  std::int64_t threads = 0;
  std::string metrics_address;
  worker::WorkerSettings workers;
  dns::DnsSettings dns;
  std::filesystem::path inbox;  // empty: there is none

  FixedSettings(const config::Settings& settings, bool has_inbox);
  // The names of those that `now` has otherwise: "log.file, threads"; empty: none.
  [[nodiscard]] std::string changed_in(const config::Settings& now) const;
};

class Reloader {
 public:
  struct Services {
    Loop& loop;
    Offload& offload;
    Log& log;
    Metrics& metrics;
    Supervisor* supervisor = nullptr;  // is told that a reload is under way
  };
  // Puts a snapshot in force, or says why it can't and leaves the old one. May take as long as its
  // worker processes need to get ready; cancelled when the Server ends.
  using Adopt =
      std::function<Task<Result<void>>(std::shared_ptr<const Snapshot>, CancelSource& cancel)>;

  // `file` empty: there is nothing to read anew. `inbox`: the address of the embedded one.
  Reloader(const Services& services, std::filesystem::path file,
           std::shared_ptr<const Snapshot> first, std::optional<Endpoint> inbox, Adopt adopt);

  [[nodiscard]] const std::shared_ptr<const Snapshot>& current() const { return current_; }
  void watch_files();
  // One that comes during a reload is followed by another: the file may have changed after it was
  // read.
  void reload();
  // No more of it; returns when nothing is under way.
  Task<void> stop();

 private:
  Task<void> reload_while_wanted();
  Task<void> reload_once();
  Task<void> keep_watching();
  Task<void> look_at_files();
  Task<void> look_at_certificates();
  void refuse(std::string_view why) noexcept;
  void log_file_refused(std::string_view why) noexcept;

  Services services_;
  std::filesystem::path file_;
  std::shared_ptr<const Snapshot> current_;
  std::optional<Endpoint> inbox_;
  FixedSettings fixed_;
  Adopt adopt_;
  CancelSource stopping_;
  Event ended_;  // a reload or the watch
  bool wanted_ = false;
  bool reloading_ = false;
  bool watching_ = false;
};

}  // namespace sekisho
