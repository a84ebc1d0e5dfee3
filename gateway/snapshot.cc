#include "gateway/snapshot.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace sekisho {
namespace {

using config::Profile;

// Twelve hex digits that stay the same for one host name: enough to know our own Received fields.
std::string make_loop_token(std::string_view hostname) {
  const std::string text = fmt::format("sekisho loop token of {}", hostname);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string token;
  for (std::size_t i = 0; i < 6; ++i) token += fmt::format("{:02x}", digest[i]);
  return token;
}

bool takes_logins(Profile profile) {
  return profile == Profile::submission || profile == Profile::submissions;
}

smtp::DialogRules dialog_rules(const config::ListenerSettings& listener, bool has_tls) {
  const bool logins = takes_logins(listener.profile);
  return {.tls_available = has_tls,
          .implicit_tls = listener.profile == Profile::submissions,
          .require_tls = listener.require_tls,
          .require_auth = logins,
          .offer_auth = logins};
}

std::shared_ptr<upstream::Upstream> make_upstream(const std::string& name,
                                                  const upstream::UpstreamSettings& settings,
                                                  std::shared_ptr<const TlsContext> tls,
                                                  const Snapshot* previous) {
  if (previous != nullptr)
    for (const auto& known : previous->upstreams)
      if (known->name == name && known->settings == settings) return known;
  auto made = std::make_shared<upstream::Upstream>();
  made->name = name;
  made->settings = settings;
  made->tls = std::move(tls);
  made->breaker =
      std::make_shared<upstream::Breaker>(settings.breaker_failures, settings.breaker_pause);
  return made;
}

Result<upstream::Upstreams> make_upstreams(const config::Settings& settings,
                                           const Snapshot* previous, const Endpoint* capture) {
  upstream::Upstreams upstreams;
  for (const auto& [name, one] : settings.upstreams) {
    std::shared_ptr<const TlsContext> tls;
    if (one.tls != upstream::TlsMode::never) {
      const bool verify =
          one.tls == upstream::TlsMode::verify || one.tls == upstream::TlsMode::implicit_verify;
      auto made = TlsContext::client(verify, one.tls_ca_file);
      if (!made) return std::unexpected(std::move(made.error()));
      tls = std::move(*made);
    }
    upstreams.push_back(make_upstream(name, one, std::move(tls), previous));
  }
  if (upstreams.empty() && capture != nullptr) {
    upstream::UpstreamSettings inbox;
    inbox.host = capture->address.to_string();
    inbox.port = capture->port;
    inbox.tls = upstream::TlsMode::never;
    upstreams.push_back(make_upstream("inbox", inbox, nullptr, previous));
  }
  std::ranges::sort(upstreams, {},
                    [](const auto& u) { return std::pair(u->settings.priority, u->name); });
  return upstreams;
}

using FilterMap = std::map<std::string, filters::Link>;

// Each [filter.NAME] becomes one filter, shared by the listeners that name it: so a rate limit is
// one limit. What it has counted outlives a reload.
Result<FilterMap> make_filters(const config::Settings& settings, const Snapshot* previous) {
  FilterMap made;
  for (const auto& [name, one] : settings.filter_table) {
    const filters::Filter* before = nullptr;
    if (previous != nullptr)
      if (const auto found = previous->filters.find(name); found != previous->filters.end())
        before = found->second.filter.get();
    auto filter = one.blueprint->build(before);
    if (!filter)
      return fail(filter.error().kind, fmt::format("filter {}: {}", name, filter.error().text));
    made.emplace(name, filters::Link{name, std::move(*filter), one.link});
  }
  return made;
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Snapshot::build(config::Settings settings,
                                                        const Snapshot* previous,
                                                        const Endpoint* capture) {
  auto made = std::make_shared<Snapshot>();
  auto gate = relay::RelayGate::create(settings.relay);
  if (!gate) return std::unexpected(std::move(gate.error()));
  made->gate = std::move(*gate);

  if (previous != nullptr && previous->settings.auth == settings.auth) {
    made->authenticator = previous->authenticator;  // with what it knows of guessers and of owners
  } else if (!settings.auth.users_file.empty()) {
    auto authenticator = auth::make_users_file_authenticator(settings.auth);
    if (!authenticator) return std::unexpected(std::move(authenticator.error()));
    made->authenticator = std::move(*authenticator);
  }
  if (!settings.tls.certificate.empty()) {
    auto tls = TlsContext::server(settings.tls.certificate, settings.tls.key);
    if (!tls) return std::unexpected(std::move(tls.error()));
    made->tls = std::move(*tls);
  }
  auto upstreams = make_upstreams(settings, previous, capture);
  if (!upstreams) return std::unexpected(std::move(upstreams.error()));
  made->upstreams = std::move(*upstreams);

  auto filters = make_filters(settings, previous);
  if (!filters) return std::unexpected(std::move(filters.error()));
  made->filters = std::move(*filters);

  for (const auto& [name, listener] : settings.listeners) {
    std::vector<filters::Link> links;
    for (const std::string& filter : listener.filters_set ? listener.filters : settings.filters) {
      const auto found = made->filters.find(filter);
      if (found == made->filters.end())
        return fail(ErrorKind::invalid,
                    fmt::format("listener {}: there is no [filter.{}]", name, filter));
      links.push_back(found->second);
    }
    auto plan = std::make_shared<ListenerPlan>();
    plan->name = name;
    plan->settings = listener;
    plan->relay = config::relay_policy(listener.profile);
    plan->dialog = dialog_rules(listener, made->tls != nullptr);
    plan->chain = std::make_shared<filters::Chain>(std::move(links));
    made->listeners.emplace(name, std::move(plan));
  }
  made->spool = {.directory = settings.state_directory / "spool",
                 .memory = static_cast<std::size_t>(settings.spool_memory.count)};
  made->loop_token = make_loop_token(settings.hostname);
  made->settings = std::move(settings);
  return made;
}

}  // namespace sekisho
