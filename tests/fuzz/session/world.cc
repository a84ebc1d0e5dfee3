#include "tests/fuzz/session/world.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "gateway/config/load.h"
#include "tests/fuzz/session/require.h"

namespace sekisho::fuzz {
namespace {

// alice:wonderland, by the cheapest hash that crypt(3) has.
constexpr std::string_view kUsers =
    "alice:$5$rounds=1000$dialog$RODeuJCNdtjRCzM9Ic3sabQNUsCSQmv3rXgcYWcW4A3\n";

constexpr std::string_view kConfig = R"(
hostname = "mail.example.com"
threads = 1
filters = ["attachments", "headers"]
spool_memory = "1KiB"
[filter.attachments]
[filter.headers]
add = ["X-Seen-By: {listener} for {client}"]
replace = ["X-Client: {client}"]
remove = ["X-Remove"]
[relay]
domains = ["example.com"]
[limits]
max_recipients = 5
max_errors = 20
max_messages = 6
max_command_line = 512
max_text_line = 1000
max_header_size = "2KiB"
max_received = 4
[listener.mx]
address = "127.0.0.1:0"
profile = "mx"
)";

// Below what a configuration may have, so that small inputs reach it.
constexpr std::uint64_t kMaxMessage = 8192;

upstream::UpstreamSettings upstream_settings(const RecordingUpstream& upstream,
                                             std::int64_t priority) {
  upstream::UpstreamSettings settings;
  settings.host = "127.0.0.1";
  settings.port = upstream.port();
  settings.priority = priority;
  settings.tls = upstream::TlsMode::never;
  settings.health_check = std::chrono::milliseconds(0);  // mail alone goes there
  settings.breaker_failures = 1'000'000;                 // no run may decide about the next
  return settings;
}

}  // namespace

void CheckingLog::write(const LogLine& line) {
  for (const LogFormat format : {LogFormat::logfmt, LogFormat::json}) {
    const std::string text = line.render(format, "2026-11-24T06:41:16.123Z");
    require(std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }),
            "a control byte in the log", text);
  }
}

World::World(const test::TempDir& folder) {
  std::filesystem::create_directories(folder.path() / "spool");
  config::Settings wanted = settings(folder);
  auto built = Snapshot::build(wanted, nullptr, nullptr);
  require(built.has_value(), "no snapshot", built ? "" : built.error().text);
  patient_ = std::move(*built);
  wanted.timeouts.upstream_hold = std::chrono::milliseconds(0);
  impatient_ = Snapshot::build(std::move(wanted), patient_.get(), nullptr).value();

  const ListenerPlan& mx = *patient_->listeners.at("mx");
  auto submission = std::make_shared<ListenerPlan>(mx);
  submission->name = "submission";
  submission->relay = config::relay_policy(config::Profile::submission);
  submission->dialog = {.tls_available = false, .require_auth = true, .offer_auth = true};
  submission_ = submission;
  auto any_grant = std::make_shared<ListenerPlan>(*submission);
  any_grant->name = "any";
  any_grant->relay = {.by_authentication = true, .by_network = true, .by_local_domain = true};
  any_grant->dialog.require_auth = false;
  any_grant_ = any_grant;
}

config::Settings World::settings(const test::TempDir& folder) const {
  auto loaded = config::load_text(kConfig, "fuzz.toml");
  require(loaded.has_value(), "the configuration is refused",
          loaded ? "" : loaded.error().front().render());
  config::Settings settings = std::move(loaded->settings);
  settings.state_directory = folder.path();
  settings.auth.users_file = folder.write("users", kUsers);
  settings.limits.max_message_size.count = kMaxMessage;
  settings.upstreams.emplace("first", upstream_settings(first, 10));
  settings.upstreams.emplace("second", upstream_settings(second, 20));
  return settings;
}

std::shared_ptr<const ListenerPlan> World::plan(Plan plan) const {
  switch (plan) {
    case Plan::mx:
      return patient_->listeners.at("mx");
    case Plan::submission:
      return submission_;
    case Plan::any_grant:
      return any_grant_;
  }
  return nullptr;
}

}  // namespace sekisho::fuzz
