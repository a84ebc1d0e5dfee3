#include "gateway/reload.h"

#include <cstdio>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "gateway/config/load.h"
#include "gateway/keeper/systemd.h"

namespace sekisho {
namespace {

constexpr auto kWatchInterval = 2s;

struct Next {
  std::shared_ptr<const Snapshot> snapshot;
  std::string warnings;  // as they are printed
};

std::string render(const std::vector<config::Diagnostic>& diagnostics) {
  std::string all;
  for (const auto& diagnostic : diagnostics) all += diagnostic.render();
  return all;
}

Result<Next> read_next(const std::filesystem::path& file, const Snapshot& previous,
                       const std::optional<Endpoint>& inbox) {
  auto loaded = config::load(file);
  if (!loaded) return fail(ErrorKind::invalid, render(loaded.error()));
  if (loaded->settings.upstreams.empty() && !inbox)
    return fail(ErrorKind::invalid,
                "no upstream is configured: changing to the embedded inbox needs a restart");
  auto built = Snapshot::build(std::move(loaded->settings), &previous, inbox ? &*inbox : nullptr);
  if (!built) return std::unexpected(std::move(built.error()));
  return Next{std::move(*built), render(loaded->warnings)};
}

// What changed: "relay.domains_file, auth.users_file".
Result<std::string> reload_changed_files(const Snapshot& snapshot) {
  std::string changed;
  auto domains = snapshot.gate->reload_if_changed();
  if (!domains) return std::unexpected(std::move(domains.error()));
  if (*domains) changed = "relay.domains_file";
  auto routes = snapshot.routes->reload_if_changed();
  if (!routes) return std::unexpected(std::move(routes.error()));
  if (*routes) changed += changed.empty() ? "recipient_domains_file" : ", recipient_domains_file";
  auto senders = snapshot.senders->reload_if_changed();
  if (!senders) return std::unexpected(std::move(senders.error()));
  if (*senders) changed += changed.empty() ? "sender.map_file" : ", sender.map_file";
  if (snapshot.authenticator) {
    auto users = snapshot.authenticator->reload_if_changed();
    if (!users) return std::unexpected(std::move(users.error()));
    if (*users) changed += changed.empty() ? "auth.users_file" : ", auth.users_file";
  }
  for (const auto& [name, link] : snapshot.filters) {
    const auto files = link.filter->reload_changed_files();
    if (!files) return std::unexpected(files.error());
    for (const std::string& one : *files)
      changed += fmt::format("{}filter.{} {}", changed.empty() ? "" : ", ", name, one);
  }
  return changed;
}

TlsCertificates::Look look_at_all_certificates(const Snapshot& snapshot) {
  TlsCertificates::Look all;
  if (snapshot.certificates) all = snapshot.certificates->look_for_changes();
  for (const auto& upstream : snapshot.upstreams) {
    const auto look = upstream->look_at_certificates();
    all.changed.insert(all.changed.end(), look.changed.begin(), look.changed.end());
    all.refused.insert(all.refused.end(), look.refused.begin(), look.refused.end());
  }
  return all;
}

}  // namespace

FixedSettings::FixedSettings(const config::Settings& settings, bool has_inbox)
    : log(settings.log),
      threads(settings.threads),
      metrics_address(settings.metrics_address),
      workers(settings.workers),
      dns(settings.dns),
      inbox(has_inbox ? config::inbox_directory(settings) : std::filesystem::path()) {}

std::string FixedSettings::changed_in(const config::Settings& now) const {
  std::string names;
  const auto note = [&names](bool changed, std::string_view name) {
    if (changed) names.append(names.empty() ? "" : ", ").append(name);
  };
  note(now.log.level != log.level, "log.level");
  note(now.log.format != log.format, "log.format");
  note(now.log.file != log.file, "log.file");
  note(now.threads != threads, "threads");
  note(now.metrics_address != metrics_address, "metrics_address");
  note(now.workers != workers, "workers");
  note(now.dns != dns, "dns");
  note(!inbox.empty() && config::inbox_directory(now) != inbox, "state_directory of the inbox");
  return names;
}

Reloader::Reloader(const Services& services, std::filesystem::path file,
                   std::shared_ptr<const Snapshot> first, std::optional<Endpoint> inbox,
                   Adopt adopt)
    : services_(services),
      file_(std::move(file)),
      current_(std::move(first)),
      inbox_(inbox),
      fixed_(current_->settings, inbox_.has_value()),
      adopt_(std::move(adopt)) {}

void Reloader::reload() {
  if (file_.empty() || stopping_.cancelled()) return;
  wanted_ = true;
  if (reloading_) return;
  try {
    spawn(reload_while_wanted());
  } catch (const std::exception& error) {  // no memory for its frame: it has not begun
    refuse(error.what());
  }
}

Task<void> Reloader::reload_while_wanted() {
  reloading_ = true;
  if (services_.supervisor != nullptr) services_.supervisor->notify(reloading_assignments());
  while (std::exchange(wanted_, false) && !stopping_.cancelled()) {
    try {
      co_await reload_once();
    } catch (const std::exception& error) {
      refuse(error.what());
    }
  }
  reloading_ = false;
  if (services_.supervisor != nullptr) services_.supervisor->notify("READY=1");
  ended_.notify();
}

Task<void> Reloader::reload_once() {
  // The job has its own hold on what it reads: it runs on another thread.
  auto done = co_await services_.offload.run(services_.loop,
                                             [file = file_, previous = current_, inbox = inbox_] {
                                               return read_next(file, *previous, inbox);
                                             });
  if (stopping_.cancelled()) co_return;
  Result<Next> next = done ? std::move(*done) : std::unexpected(std::move(done.error()));
  if (!next) co_return refuse(next.error().text);
  const auto adopted = co_await adopt_(next->snapshot, stopping_);
  if (!adopted && stopping_.cancelled()) co_return;
  if (!adopted) co_return refuse(adopted.error().text);
  current_ = std::move(next->snapshot);
  std::fputs(next->warnings.c_str(), stderr);
  const std::string ignored = fixed_.changed_in(current_->settings);
  if (!ignored.empty())
    services_.log.write(LogLine("reload_ignored", LogLevel::warning)
                            .add("what", ignored)
                            .add("hint", "needs a restart"));
  services_.log.write(LogLine("reloaded").add("file", file_.string()));
  services_.metrics.counter("reloads_total", "Configuration reloads", {{"result", "done"}}).add();
}

void Reloader::refuse(std::string_view why) noexcept {
  try {
    const std::string text(why);
    std::fputs((text.ends_with('\n') ? text : text + "\n").c_str(), stderr);
    services_.log.write(LogLine("reload_refused", LogLevel::error)
                            .add("active", "the previous configuration")
                            .add("what", text));
    services_.metrics.counter("reloads_total", "Configuration reloads", {{"result", "refused"}})
        .add();
  } catch (const std::exception&) {
    std::fputs("reload refused: out of memory\n", stderr);
  }
}

void Reloader::watch_files() {
  watching_ = true;
  spawn(keep_watching());
}

Task<void> Reloader::keep_watching() {
  while (co_await services_.loop.sleep_until(Deadline::in(kWatchInterval), stopping_)) {
    try {
      co_await look_at_files();
      co_await look_at_certificates();
    } catch (const std::exception& error) {
      log_file_refused(error.what());
    }
  }
  watching_ = false;
  ended_.notify();
}

Task<void> Reloader::look_at_files() {
  auto changed = co_await services_.offload.run(
      services_.loop, [snapshot = current_] { return reload_changed_files(*snapshot); });
  if (!changed) co_return;  // the pool is full: the next look will see it
  if (!*changed)
    log_file_refused(changed->error().text);
  else if (!(*changed)->empty())
    services_.log.write(LogLine("file_reloaded").add("what", **changed));
}

Task<void> Reloader::look_at_certificates() {
  auto look = co_await services_.offload.run(
      services_.loop, [snapshot = current_] { return look_at_all_certificates(*snapshot); });
  if (!look) co_return;  // the pool is full: the next look will see it
  for (const std::string& what : look->changed)
    services_.log.write(LogLine("certificate_reloaded").add("what", what));
  for (const std::string& why : look->refused)
    services_.log.write(LogLine("certificate_refused", LogLevel::error)
                            .add("active", "the previous certificate")
                            .add("what", why));
}

void Reloader::log_file_refused(std::string_view why) noexcept {
  try {
    services_.log.write(LogLine("file_refused", LogLevel::error)
                            .add("active", "the previous content")
                            .add("what", why));
  } catch (const std::exception&) {
    std::fputs("a file could not be read again: out of memory\n", stderr);
  }
}

Task<void> Reloader::stop() {
  CancelSource never;
  stopping_.cancel();
  while (watching_ || reloading_)
    (void)co_await ended_.wait(services_.loop, Deadline::never(), never);
}

}  // namespace sekisho
