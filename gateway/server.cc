#include "gateway/server.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "gateway/descriptor_limit.h"
#include "gateway/errand_runner.h"
#include "gateway/inbox/capture_server.h"
#include "gateway/keeper/heartbeat.h"
#include "gateway/listening_sockets.h"
#include "gateway/loop_thread.h"
#include "gateway/metrics_page.h"
#include "gateway/process_file.h"
#include "gateway/reload.h"
#include "gateway/snapshot_setups.h"

namespace sekisho {
namespace {

constexpr std::size_t kOffloadThreads = 4;
constexpr std::size_t kOffloadQueue = 1024;
// After they were cut, sessions get this long to unwind.
constexpr Duration kUnwind = 5s;

// EX_CONFIG of sysexits.h: service managers know not to restart on it.
constexpr int kExitConfig = 78;

// What the supervisor holds the metrics page's socket as; no listener is called so.
constexpr const char* kMetricsPlace = "metrics_address";

}  // namespace

struct Server::Impl {
  explicit Impl(const Options& given)
      : options(given), supervisor(given.supervisor != nullptr ? *given.supervisor : nobody) {}

  Result<void> open(config::Settings settings);
  Result<void> open_services(const config::Settings& settings);
  Task<Result<void>> adopt(std::shared_ptr<const Snapshot> next, CancelSource& cancel);
  void tell_places();
  void catch_signals();
  Result<void> open_metrics_page(const std::string& address);
  void start_heartbeat();
  void tell_ready();
  void note_processes(const std::filesystem::path& folder);
  void write_due_refusals();
  void end();
  void begin_drain(Duration grace);
  void retire();
  void cut();
  Task<void> finish_drain();
  void log_stopped();
  [[noreturn]] void abandon();

  Options options;
  Supervisor nobody;
  Supervisor& supervisor;
  std::vector<GivenSockets> given;  // that no listener has taken yet
  std::unique_ptr<Log> log;
  Metrics metrics;
  ConnectionLimits limits;
  std::unique_ptr<RefusalLog> refusals;
  Loop loop;
  std::unique_ptr<Offload> offload;
  NameResolver resolver;
  std::unique_ptr<worker::WorkerPools> workers;
  SnapshotSetups setups;
  std::unique_ptr<Suspensions> suspensions;
  std::unique_ptr<ErrandRunner> errands;
  std::unique_ptr<inbox::CaptureServer> capture;
  std::unique_ptr<MetricsPage> metrics_page;
  std::unique_ptr<Reloader> reloader;
  ListenerPlaces listening;
  std::unique_ptr<Heartbeat> heartbeat;
  std::vector<std::unique_ptr<LoopThread>> threads;
  std::vector<event*> signals;
  Timer refusals_due{loop, [this] { write_due_refusals(); }};
  Timer last_bound{loop, [this] { abandon(); }};
  std::optional<HeldPlace> metrics_place;
  ProcessFile processes;
  std::filesystem::path process_folder;  // where that is written
  bool draining = false;
  bool retiring = false;  // drains, and its sessions have not been told
  std::size_t still_draining = 0;
};

Result<void> Server::Impl::open(config::Settings settings) {
  std::signal(SIGPIPE, SIG_IGN);
  given = supervisor.take_sockets();
  if (auto opened = open_services(settings); !opened) return opened;
  std::optional<Endpoint> inbox;
  if (capture) inbox = capture->address();
  auto built = Snapshot::build(std::move(settings), nullptr, inbox ? &*inbox : nullptr);
  if (!built) return std::unexpected(std::move(built.error()));

  const std::size_t count = (*built)->settings.threads > 0
                                ? static_cast<std::size_t>((*built)->settings.threads)
                                : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  const LoopThread::Shared shared{*offload, resolver,  *workers,     *log,    metrics,
                                  limits,   *refusals, *suspensions, *errands};
  for (std::size_t i = 0; i < count; ++i) {
    auto thread = LoopThread::create(shared, *built);
    if (!thread) return std::unexpected(std::move(thread.error()));
    threads.push_back(std::move(*thread));
  }
  reloader = std::make_unique<Reloader>(
      Reloader::Services{loop, *offload, *log, metrics, &supervisor}, options.config_file, *built,
      inbox, [this](std::shared_ptr<const Snapshot> next, CancelSource& cancel) {
        return adopt(std::move(next), cancel);
      });
  CancelSource never;
  return loop.run_until_done(adopt(std::move(*built), never));
}

// What lasts as long as the process.
Result<void> Server::Impl::open_services(const config::Settings& settings) {
  auto opened_log = Log::open(settings.log);
  if (!opened_log) return std::unexpected(std::move(opened_log.error()));
  log = std::move(*opened_log);
  if (const auto warning = warn_of_few_descriptors(raise_descriptor_limit(), settings))
    log->write(*warning);
  refusals = std::make_unique<RefusalLog>(*log);
  offload = std::make_unique<Offload>(kOffloadThreads, kOffloadQueue);
  auto pools = worker::WorkerPools::create(settings.workers, {*offload, *log, metrics},
                                           options.worker_command);
  if (!pools) return std::unexpected(std::move(pools.error()));
  workers = std::move(*pools);
  auto suspended =
      Suspensions::open(settings.state_directory / "suspended", std::chrono::system_clock::now());
  if (!suspended) return std::unexpected(std::move(suspended.error()));
  suspensions = std::move(*suspended);
  errands = std::make_unique<ErrandRunner>(
      ErrandRunner::Services{*offload, resolver, *log, metrics, *suspensions});
  if (settings.upstreams.empty()) {
    auto started =
        inbox::CaptureServer::start(loop, *offload, config::inbox_directory(settings), *log);
    if (!started) return std::unexpected(std::move(started.error()));
    capture = std::move(*started);
  }
  return settings.metrics_address.empty() ? Result<void>()
                                          : open_metrics_page(settings.metrics_address);
}

Result<void> Server::Impl::open_metrics_page(const std::string& text) {
  const auto address = Endpoint::parse(text);
  if (!address) return fail(ErrorKind::invalid, "metrics_address is not an address with a port");
  std::vector<Descriptor> sockets;
  const auto held = std::ranges::find(given, kMetricsPlace, &GivenSockets::name);
  if (held != given.end() && held->configured == SocketAddress(*address)) {
    sockets = std::move(held->sockets);
    given.erase(held);
  } else {
    auto opened = supervisor.open_sockets({.address = *address});
    if (!opened)
      return fail(opened.error().kind, "metrics_address: " + std::move(opened.error().text));
    sockets = std::move(*opened);
  }
  auto page = MetricsPage::open(loop, std::move(sockets.front()), metrics);
  if (!page) return std::unexpected(std::move(page.error()));
  metrics_page = std::move(*page);
  metrics_place = {kMetricsPlace, *address, metrics_page->address()};
  return {};
}

Task<Result<void>> Server::Impl::adopt(std::shared_ptr<const Snapshot> next, CancelSource& cancel) {
  // Before the sessions that will need it.
  if (auto told = co_await setups.prepare(*workers, loop, next, cancel); !told) co_return told;
  if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, "the server ends");
  auto opened = open_listening_sockets(*next, listening, threads.size(), supervisor, given);
  if (!opened) {
    tell_places();  // what was opened before it failed is not needed
    co_return std::unexpected(std::move(opened.error()));
  }
  listening = std::move(opened->places);
  errands->adopt(next);
  for (std::size_t i = 0; i < threads.size(); ++i)
    threads[i]->adopt(next, std::move(opened->shares[i]));
  tell_places();
  if (!process_folder.empty()) note_processes(next->settings.state_directory);
  co_return Result<void>{};
}

void Server::Impl::tell_places() {
  std::vector<HeldPlace> held;
  if (metrics_place) held.push_back(*metrics_place);
  for (const auto& [name, place] : listening) held.push_back({name, place.configured, place.bound});
  supervisor.keep(held);
}

void Server::Impl::write_due_refusals() {
  refusals_due.start(RefusalLog::kInterval);
  try {
    refusals->write_due(Clock::now());
  } catch (const std::exception&) {
    return;  // no memory: another time
  }
}

// The first signal asks politely.
void Server::Impl::end() {
  if (!draining) return begin_drain(Duration::zero());
  if (!std::exchange(retiring, false)) return cut();
  last_bound.start(reloader->current()->settings.timeouts.drain + kUnwind);
  for (auto& thread : threads) thread->hurry();
}

// Another process has the listeners: nobody needs to be sent away for some time.
void Server::Impl::retire() {
  if (draining) return;
  retiring = true;
  metrics_page.reset();
  begin_drain(reloader->current()->settings.timeouts.drain);
}

// `grace`: for so long, sessions go on as if nothing were.
void Server::Impl::begin_drain(Duration grace) {
  if (std::exchange(draining, true)) return;
  log->write(LogLine(retiring ? "retiring" : "draining"));
  if (!retiring) supervisor.notify("STOPPING=1\nSTATUS=draining: sessions end");
  if (heartbeat) heartbeat->stop();
  const Duration patience = reloader->current()->settings.timeouts.drain;
  last_bound.start(grace + patience + kUnwind);
  still_draining = threads.size();
  for (auto& thread : threads)
    thread->drain(grace, patience, [this] {
      loop.post([this] {
        if (--still_draining == 0) spawn(finish_drain());
      });
    });
}

void Server::Impl::cut() {
  retiring = false;
  last_bound.start(kUnwind);
  for (auto& thread : threads) thread->cut();
}

Task<void> Server::Impl::finish_drain() {
  co_await reloader->stop();
  if (capture) {
    capture->shut_down();
    co_await capture->wait_until_idle();
  }
  last_bound.stop();
  loop.stop();
}

void Server::Impl::log_stopped() {
  refusals->write_all();
  processes.remove(process_folder);
  log->write(LogLine("stopped"));
  log->flush();
}

// Something hangs: a disk, or a mistake of ours. No message is lost by ending here: a client that
// has no 250 yet keeps its own. What hangs may still use all that we have, so that nothing may be
// destroyed.
void Server::Impl::abandon() {
  log->write(LogLine("sessions_abandoned", LogLevel::error)
                 .add("sessions", limits.total())
                 .add("threads", still_draining));
  log_stopped();
  std::_Exit(EXIT_SUCCESS);
}

void Server::Impl::catch_signals() {
  const auto on = [this](int number, event_callback_fn handler) {
    event* caught = evsignal_new(loop.base(), number, handler, this);
    event_add(caught, nullptr);
    signals.push_back(caught);
  };
  on(SIGTERM, [](int, short, void* self) { static_cast<Impl*>(self)->end(); });
  on(SIGINT, [](int, short, void* self) { static_cast<Impl*>(self)->end(); });
  on(SIGHUP, [](int, short, void* self) { static_cast<Impl*>(self)->reloader->reload(); });
  on(SIGUSR1, [](int, short, void* self) { static_cast<Impl*>(self)->log->reopen(); });
}

void Server::Impl::start_heartbeat() {
  const Duration limit = supervisor.watchdog();
  if (limit == Duration::zero()) return;
  std::vector<Heartbeat::Ask> loops;
  for (auto& thread : threads)
    loops.emplace_back(
        [thread = thread.get()](std::function<void()> answer) { thread->ask(std::move(answer)); });
  heartbeat = std::make_unique<Heartbeat>(
      loop, limit / 2, std::move(loops), [this] { supervisor.notify("WATCHDOG=1"); },
      [this](std::size_t late) {
        log->write(LogLine("loop_hangs", LogLevel::error).add("threads", late));
      });
  heartbeat->start();
}

void Server::Impl::tell_ready() {
  std::string status = "READY=1\nSTATUS=serving";
  for (const auto& [name, place] : listening) {
    log->write(LogLine("listening").add("listener", name).add("address", place.bound.to_string()));
    status += fmt::format("{} {} on {}", status.ends_with("ing") ? "" : ",", name,
                          place.bound.to_string());
  }
  for (const GivenSockets& one : given)
    log->write(LogLine("socket_unused", LogLevel::warning)
                   .add("name", one.name)
                   .add("address", one.bound.to_string())
                   .add("hint", "no listener has this name or address"));
  given.clear();
  log->write(LogLine("ready").add("version", SEKISHO_VERSION).add("pid", getpid()));
  supervisor.notify(status);
  note_processes(reloader->current()->settings.state_directory);
}

// Of use to people alone, who can do without it. Also when a reload has moved the folder.
void Server::Impl::note_processes(const std::filesystem::path& folder) {
  if (folder == process_folder) return;
  processes.remove(process_folder);
  process_folder = folder;
  processes = {.main = supervisor.signalled(), .gateway = ::getpid()};
  if (auto written = processes.write(folder); !written)
    log->write(
        LogLine("process_file_failed", LogLevel::warning).add("reason", written.error().text));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  impl_->threads.clear();  // joins, while what they use is still there
  for (event* caught : impl_->signals) event_free(caught);
  impl_->supervisor.obey(nullptr, {});
  if (impl_->log) impl_->log->flush();
}

Result<std::unique_ptr<Server>> Server::create(config::Settings settings, const Options& options) {
  auto server = std::unique_ptr<Server>(new Server(std::make_unique<Impl>(options)));
  if (auto opened = server->impl_->open(std::move(settings)); !opened)
    return std::unexpected(std::move(opened.error()));
  return server;
}

void Server::run() {
  if (impl_->options.handle_signals) impl_->catch_signals();
  for (auto& thread : impl_->threads) thread->start();
  impl_->supervisor.obey(
      &impl_->loop,
      {.drain = [impl = impl_.get()] { impl->begin_drain(Duration::zero()); },
       .retire = [impl = impl_.get()] { impl->retire(); },
       .log =
           [impl = impl_.get()](const std::string& event, const std::string& what) {
             impl->log->write(
                 LogLine("keeper", LogLevel::warning).add("did", event).add("what", what));
           }});
  impl_->tell_ready();
  impl_->start_heartbeat();
  impl_->reloader->watch_files();
  impl_->refusals_due.start(RefusalLog::kInterval);
  impl_->loop.run();
  impl_->log_stopped();
}

void Server::stop() {
  impl_->loop.post([impl = impl_.get()] { impl->begin_drain(Duration::zero()); });
}

void Server::reload() { impl_->reloader->reload(); }

Endpoint Server::listening(const std::string& listener) const {
  const auto found = impl_->listening.find(listener);
  return found == impl_->listening.end() ? Endpoint{} : found->second.bound.endpoint();
}

Log& Server::log() { return *impl_->log; }
Metrics& Server::metrics() { return impl_->metrics; }

int run_server(config::Loaded loaded, const std::filesystem::path& config_file,
               Supervisor& supervisor) {
  auto server = Server::create(std::move(loaded.settings),
                               {.config_file = config_file, .supervisor = &supervisor});
  if (!server) {
    std::fputs(("sekisho: " + server.error().text + "\n").c_str(), stderr);
    return server.error().kind == ErrorKind::invalid ? kExitConfig : 1;
  }
  (*server)->run();
  return 0;
}

}  // namespace sekisho
