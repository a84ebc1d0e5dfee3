// Server: the daemon. Owns the loop threads, the current Snapshot, the log, the metrics and, when
// no upstream is configured, the capture inbox. Signals: SIGHUP reloads, SIGTERM and SIGINT drain,
// a second one of these cuts the sessions, SIGUSR1 reopens the log. Everything below runs on the
// main loop; loop threads get work by post().
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/config/load.h"
#include "gateway/keeper/supervisor.h"
#include "gateway/snapshot.h"
#include "gateway/worker/worker_pools.h"

namespace sekisho {

class Server {
 public:
  struct Options {
    bool handle_signals = true;         // a test drives the server by its methods instead
    std::filesystem::path config_file;  // for reload(); empty: can't reload
    Supervisor* supervisor = nullptr;   // outlives the server; null: nobody watches us
    std::vector<std::string> worker_command = worker::kWorkerCommand;
  };

  // Opens everything that may fail (log, files, ports); nothing is served yet.
  static Result<std::unique_ptr<Server>> create(config::Settings settings, const Options& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Until drained. Ends the process instead of returning when something hangs, so that it could not
  // be destroyed: 5 s after sessions were cut and did not end.
  void run();
  void stop();  // any thread: begin to drain
  // Reads the configuration anew and swaps it in; a bad one leaves the old one active. Main loop.
  void reload();

  // The port that the system chose for a listener ("mx"), after create().
  [[nodiscard]] Endpoint listening(const std::string& listener) const;
  [[nodiscard]] Log& log();
  [[nodiscard]] Metrics& metrics();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The gateway process: serves until a signal or its supervisor ends it. The process's exit code.
int run_server(config::Loaded loaded, const std::filesystem::path& config_file,
               Supervisor& supervisor);

}  // namespace sekisho
