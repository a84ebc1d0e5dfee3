#include "gateway/server.h"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/inbox/capture_server.h"
#include "gateway/loop_thread.h"
#include "gateway/metrics_page.h"

namespace sekisho {
namespace {

constexpr int kBacklog = 1024;
constexpr std::size_t kOffloadThreads = 4;
constexpr std::size_t kOffloadQueue = 1024;
constexpr auto kWatchInterval = 2s;

// EX_CONFIG of sysexits.h: service managers know not to restart on it.
constexpr int kExitConfig = 78;

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Endpoint bound_endpoint(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address), length);
}

// One socket a loop thread for one address, all on the same port.
Result<std::vector<int>> open_sockets(const std::string& text, std::size_t count) {
  auto address = Endpoint::parse(text);
  if (!address) return fail(ErrorKind::invalid, "\"" + text + "\" is not an address with a port");
  if (auto free = check_port_free(*address); !free) return std::unexpected(std::move(free.error()));
  std::vector<int> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    auto socket = open_listening_socket(*address, kBacklog);
    if (!socket) {
      for (const int fd : sockets) ::close(fd);
      return std::unexpected(std::move(socket.error()));
    }
    sockets.push_back(*socket);
    address = bound_endpoint(*socket);
  }
  return sockets;
}

}  // namespace

struct Server::Impl {
  explicit Impl(const Options& given) : options(given) {}

  Result<void> open(config::Settings settings);
  Result<std::map<std::string, std::vector<int>>> open_listeners(const Snapshot& next) const;
  void hand_out(std::map<std::string, std::vector<int>> opened, std::vector<std::string> closed);
  void catch_signals();
  Task<void> reload();
  Task<void> watch_files();
  void begin_drain();
  Task<void> finish_drain();

  Options options;
  std::unique_ptr<Log> log;
  Metrics metrics;
  ConnectionLimits limits;
  Loop loop;
  CancelSource cancel;  // ends the watch
  std::unique_ptr<Offload> offload;
  std::unique_ptr<inbox::CaptureServer> capture;
  std::unique_ptr<MetricsPage> metrics_page;
  std::shared_ptr<const Snapshot> snapshot;
  std::map<std::string, Endpoint> listening;
  std::vector<std::unique_ptr<LoopThread>> threads;
  std::vector<event*> signals;
  bool draining = false;
  bool reloading = false;
  bool watching = false;
  Event background_ended;  // a reload or the watch came to its end
  std::size_t still_draining = 0;
};

Result<std::map<std::string, std::vector<int>>> Server::Impl::open_listeners(
    const Snapshot& next) const {
  std::map<std::string, std::vector<int>> opened;
  const std::size_t count = threads.size();
  for (const auto& [name, plan] : next.listeners) {
    if (snapshot) {
      const auto before = snapshot->listeners.find(name);
      if (before != snapshot->listeners.end() &&
          before->second->settings.address == plan->settings.address)
        continue;
    }
    auto sockets = open_sockets(plan->settings.address, count);
    if (!sockets) {
      for (const auto& [unused, fds] : opened)
        for (const int fd : fds) ::close(fd);
      return fail(sockets.error().kind, "listener " + name + ": " + sockets.error().text);
    }
    opened.emplace(name, std::move(*sockets));
  }
  return opened;
}

void Server::Impl::hand_out(std::map<std::string, std::vector<int>> opened,
                            std::vector<std::string> closed) {
  for (const auto& [name, fds] : opened) listening[name] = bound_endpoint(fds.front());
  for (const std::string& name : closed)
    if (!opened.contains(name)) listening.erase(name);
  for (std::size_t i = 0; i < threads.size(); ++i) {
    std::map<std::string, int> own;
    for (const auto& [name, fds] : opened) own[name] = fds[i];
    threads[i]->adopt(snapshot, std::move(own), closed);
  }
}

Result<void> Server::Impl::open(config::Settings settings) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  auto opened_log = Log::open(settings.log);
  if (!opened_log) return std::unexpected(std::move(opened_log.error()));
  log = std::move(*opened_log);
  offload = std::make_unique<Offload>(kOffloadThreads, kOffloadQueue);

  std::error_code failed;
  std::filesystem::create_directories(settings.state_directory / "spool", failed);
  if (failed)
    return fail(ErrorKind::io, "cannot make " + (settings.state_directory / "spool").string() +
                                   ": " + failed.message());
  if (settings.upstreams.empty()) {
    auto started =
        inbox::CaptureServer::start(loop, *offload, settings.state_directory / "inbox", *log);
    if (!started) return std::unexpected(std::move(started.error()));
    capture = std::move(*started);
  }
  if (!settings.metrics_address.empty()) {
    const auto address = Endpoint::parse(settings.metrics_address);
    if (!address) return fail(ErrorKind::invalid, "metrics_address is not an address with a port");
    auto page = MetricsPage::open(loop, *address, metrics);
    if (!page) return std::unexpected(std::move(page.error()));
    metrics_page = std::move(*page);
  }
  const Endpoint inbox = capture ? capture->address() : Endpoint{};
  auto built = Snapshot::build(std::move(settings), nullptr, capture ? &inbox : nullptr);
  if (!built) return std::unexpected(std::move(built.error()));

  const std::size_t count = (*built)->settings.threads > 0
                                ? static_cast<std::size_t>((*built)->settings.threads)
                                : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i)
    threads.push_back(
        std::make_unique<LoopThread>(LoopThread::Shared{*offload, *log, metrics, limits}, *built));
  auto sockets = open_listeners(**built);
  if (!sockets) return std::unexpected(std::move(sockets.error()));
  snapshot = std::move(*built);
  hand_out(std::move(*sockets), {});
  return {};
}

Task<void> Server::Impl::reload() {
  if (reloading || draining || options.config_file.empty()) co_return;
  reloading = true;
  // Keeps its own hold on what it reads: the job runs on another thread.
  auto previous = snapshot;
  const Endpoint inbox = capture ? capture->address() : Endpoint{};
  auto job = [file = options.config_file, previous, inbox,
              has_inbox = capture != nullptr]() -> Result<std::shared_ptr<const Snapshot>> {
    auto loaded = config::load(file);
    if (!loaded) {
      std::string all;
      for (const auto& diagnostic : loaded.error()) all += diagnostic.render() + "\n";
      return fail(ErrorKind::invalid, all);
    }
    if (loaded->settings.upstreams.empty() && !has_inbox)
      return fail(ErrorKind::invalid, "changing to the embedded inbox needs a restart");
    return Snapshot::build(std::move(loaded->settings), previous.get(),
                           has_inbox ? &inbox : nullptr);
  };
  auto result = co_await offload->run(loop, std::move(job));
  reloading = false;
  background_ended.notify();
  if (draining) co_return;
  Result<std::shared_ptr<const Snapshot>> next =
      result ? std::move(*result)
             : Result<std::shared_ptr<const Snapshot>>(std::unexpected(result.error()));
  Result<std::map<std::string, std::vector<int>>> opened;
  if (next) opened = open_listeners(**next);
  const Error* problem = !next ? &next.error() : !opened ? &opened.error() : nullptr;
  metrics
      .counter("reloads_total", "Configuration reloads",
               {{"result", problem == nullptr ? "done" : "refused"}})
      .add();
  if (problem != nullptr) {
    std::fputs((problem->text + "\n").c_str(), stderr);
    log->write(LogLine("reload_refused", LogLevel::error)
                   .add("active", "the previous configuration")
                   .add("what", problem->text));
    co_return;
  }
  std::vector<std::string> closed;
  for (const auto& [name, plan] : snapshot->listeners)
    if (opened->contains(name) || !(*next)->listeners.contains(name)) closed.push_back(name);
  snapshot = std::move(*next);
  hand_out(std::move(*opened), std::move(closed));
  log->write(LogLine("reloaded").add("file", options.config_file.string()));
}

// The users file and the domains file take effect when they change, without a signal.
Task<void> Server::Impl::watch_files() {
  watching = true;
  while (co_await loop.sleep_until(Deadline::in(kWatchInterval), cancel)) {
    auto current = snapshot;
    auto result = co_await offload->run(loop, [current]() -> Result<std::string> {
      std::string changed;
      auto domains = current->gate->reload_if_changed();
      if (!domains) return std::unexpected(std::move(domains.error()));
      if (*domains) changed = "relay.domains_file";
      if (current->authenticator) {
        auto users = current->authenticator->reload_if_changed();
        if (!users) return std::unexpected(std::move(users.error()));
        if (*users) changed += changed.empty() ? "auth.users_file" : ", auth.users_file";
      }
      return changed;
    });
    if (!result) continue;
    if (!*result)
      log->write(LogLine("file_refused", LogLevel::error)
                     .add("active", "the previous content")
                     .add("what", result->error().text));
    else if (!(*result)->empty())
      log->write(LogLine("file_reloaded").add("what", **result));
  }
  watching = false;
  background_ended.notify();
}

void Server::Impl::begin_drain() {
  if (std::exchange(draining, true)) return;
  log->write(LogLine("draining"));
  cancel.cancel();
  still_draining = threads.size();
  for (auto& thread : threads)
    thread->drain(snapshot->settings.timeouts.drain, [this] {
      loop.post([this] {
        if (--still_draining == 0) spawn(finish_drain());
      });
    });
}

Task<void> Server::Impl::finish_drain() {
  CancelSource never;
  while (watching || reloading)
    (void)co_await background_ended.wait(loop, Deadline::never(), never);
  if (capture) {
    capture->shut_down();
    co_await capture->wait_until_idle();
  }
  loop.stop();
}

void Server::Impl::catch_signals() {
  const auto on = [this](int number, event_callback_fn handler) {
    event* caught = evsignal_new(loop.base(), number, handler, this);
    event_add(caught, nullptr);
    signals.push_back(caught);
  };
  on(SIGTERM, [](int, short, void* self) { static_cast<Impl*>(self)->begin_drain(); });
  on(SIGINT, [](int, short, void* self) { static_cast<Impl*>(self)->begin_drain(); });
  on(SIGHUP, [](int, short, void* self) { spawn(static_cast<Impl*>(self)->reload()); });
  on(SIGUSR1, [](int, short, void* self) { static_cast<Impl*>(self)->log->reopen(); });
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  impl_->threads.clear();  // joins, while what they use is still there
  for (event* caught : impl_->signals) event_free(caught);
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
  for (const auto& [name, address] : impl_->listening)
    impl_->log->write(
        LogLine("listening").add("listener", name).add("address", address.to_string()));
  impl_->log->write(LogLine("ready").add("version", SEKISHO_VERSION).add("pid", getpid()));
  spawn(impl_->watch_files());
  impl_->loop.run();
  impl_->log->write(LogLine("stopped"));
  impl_->log->flush();
}

void Server::stop() {
  impl_->loop.post([impl = impl_.get()] { impl->begin_drain(); });
}

void Server::reload() { spawn(impl_->reload()); }

Endpoint Server::listening(const std::string& listener) const {
  const auto found = impl_->listening.find(listener);
  return found == impl_->listening.end() ? Endpoint{} : found->second;
}

Log& Server::log() { return *impl_->log; }
Metrics& Server::metrics() { return impl_->metrics; }

int run_server(config::Loaded loaded, const std::filesystem::path& config_file) {
  for (const auto& warning : loaded.warnings) std::fputs((warning.render() + "\n").c_str(), stderr);
  auto server = Server::create(std::move(loaded.settings), {.config_file = config_file});
  if (!server) {
    std::fputs(("sekisho: " + server.error().text + "\n").c_str(), stderr);
    return server.error().kind == ErrorKind::invalid ? kExitConfig : 1;
  }
  (*server)->run();
  return 0;
}

}  // namespace sekisho
