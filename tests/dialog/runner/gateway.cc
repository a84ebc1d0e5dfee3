#include "tests/dialog/runner/gateway.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "gateway/base/text.h"
#include "gateway/config/load.h"
#include "tests/support/test_certificate.h"

namespace sekisho::dialog {
namespace {

// alice:wonderland and bob:builder, by the cheapest hash that crypt(3) has.
constexpr std::string_view kUsers =
    "alice:$5$rounds=1000$dialog$RODeuJCNdtjRCzM9Ic3sabQNUsCSQmv3rXgcYWcW4A3\n"
    "bob:$5$rounds=1000$dialog$QOdXT3TzV3qr0eQ.k2qCWTv3aQ2hF.2U2A9tGA0e852\n";

// The same password of alice, kept for SCRAM.
constexpr std::string_view kScramUsers =
    "alice:{SCRAM-SHA-256}4096,ZGlhbG9nLXNhbHQtMDEyMw==,"
    "AMkIeBxJ4GoiiCINgQAZS+qotWaZViGoCV+uMftRlnY=,"
    "J7te293a1MR3sdAH3xoVL33yeEa5BrhxPG+eUsPq6f4=\n";

constexpr std::string_view kConfig = R"(
hostname = "mail.example.com"
threads = 1
[relay]
domains = ["example.com"]
networks = ["127.0.0.1"]
[auth]
remember = "0s"
hash_threads = 1
[auth.throttle]
first_delay = "0s"
[log]
level = "debug"
[timeouts]
upstream_hold = "1m"
drain = "5s"
[listener.mx]
address = "127.0.0.1:0"
profile = "mx"
[listener.submission]
address = "127.0.0.1:0"
profile = "submission"
[listener.submissions]
address = "127.0.0.1:0"
profile = "submissions"
[listener.internal]
address = "127.0.0.1:0"
profile = "internal"
[listener.legacy]
address = "127.0.0.1:0"
profile = "legacy"
[listener.legacy.legacy]
clients = ["127.0.0.1"]
sender = "scanner@example.com"
)";

const test::TestCertificate& certificate() {
  static const test::TestCertificate made;
  return made;
}

void merge(toml::table& into, const toml::table& from) {
  for (const auto& [key, value] : from) {
    auto* inner = into.get_as<toml::table>(key.str());
    if (inner != nullptr && value.is_table())
      merge(*inner, *value.as_table());
    else
      value.visit([&](const auto& node) { into.insert_or_assign(key, node); });
  }
}

void take_out(toml::table& from, std::string_view path) {
  toml::table* table = &from;
  const auto parts = split(path, '.');
  for (std::size_t i = 0; i + 1 < parts.size() && table != nullptr; ++i)
    table = table->get_as<toml::table>(parts[i]);
  if (table == nullptr || table->erase(parts.back()) == 0)
    throw ScriptError(fmt::format("without {}: not in the configuration", path));
}

toml::table parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw ScriptError("config: " + std::string(error.description()));
  }
}

config::Settings make_settings(
    const Script& script, const test::TempDir& folder,
    const std::vector<std::unique_ptr<test::ScriptedUpstream>>& upstreams) {
  toml::table config = parse(kConfig);
  const std::string root = folder.path().string();
  std::string places = fmt::format(
      "state_directory = \"{0}/state\"\nlog.file = \"{0}/log\"\nauth.users_file = \"{0}/users\"\n"
      "[tls]\ncertificate = \"{1}\"\nkey = \"{2}\"\n",
      root, certificate().certificate_file().string(), certificate().key_file().string());
  for (std::size_t i = 0; i < upstreams.size(); ++i)
    places += fmt::format(
        // A script says what its upstream sees: no checks.
        "[upstream.{}]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"never\"\npriority = {}\n"
        "health_check = \"0s\"\n",
        i == 0   ? std::string("main")
        : i == 1 ? std::string("spare")
                 : fmt::format("spare{}", i + 1),
        upstreams[i]->port(), i);
  merge(config, parse(places));
  merge(config, parse(script.config));
  for (const std::string& path : script.without) take_out(config, path);
  std::ostringstream text;
  text << config << "\n";
  auto loaded = config::load_text(text.str(), folder.path() / "sekisho.toml");
  if (loaded) return std::move(loaded->settings);
  std::string problems;
  for (const auto& diagnostic : loaded.error()) problems += diagnostic.render() + "\n";
  throw ScriptError("the configuration is refused:\n" + problems);
}

}  // namespace

Gateway::Gateway(const Script& script) {
  test::ScriptedUpstream::Options options;
  for (const std::string& word : script.not_offered)
    std::erase_if(options.extensions,
                  [&](const std::string& line) { return line.starts_with(word); });
  options.extensions.insert(options.extensions.end(), script.offered.begin(), script.offered.end());
  for (std::size_t i = 0; i < 1 + script.spares; ++i)
    upstreams_.push_back(std::make_unique<test::ScriptedUpstream>(options));
  (void)folder_.write("users", kUsers);
  for (const auto& [name, content] : script.files) (void)folder_.write(name, content);
  (void)folder_.write("scram-users", kScramUsers);
  std::filesystem::copy_file(certificate().ca_file(), folder_.path() / "ca.pem");
  auto server = Server::create(
      make_settings(script, folder_, upstreams_),
      {.handle_signals = false, .config_file = {}, .worker_command = {SEKISHO_BINARY, "worker"}});
  if (!server) throw ScriptError("the gateway does not start: " + server.error().text);
  server_ = std::move(*server);
  thread_ = std::thread([this] { server_->run(); });
}

Gateway::~Gateway() { stop(); }

void Gateway::stop() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

std::uint16_t Gateway::port(const std::string& listener) const {
  const Endpoint endpoint = server_->listening(listener);
  if (endpoint.port == 0) throw ScriptError("there is no listener " + listener);
  return endpoint.port;
}

std::string Gateway::log() const {
  std::ifstream in(folder_.path() / "log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace sekisho::dialog
