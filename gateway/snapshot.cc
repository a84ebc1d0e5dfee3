#include "gateway/snapshot.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "gateway/auth/directory_authenticator.h"
#include "gateway/auth/dovecot_authenticator.h"
#include "gateway/upstream_authenticator.h"

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

smtp::DialogRules dialog_rules(const config::ListenerSettings& listener, bool has_tls,
                               bool has_users) {
  const bool logins = takes_logins(listener.profile);
  const bool legacy = listener.profile == Profile::legacy;
  return {.tls_available = has_tls,
          .implicit_tls = listener.profile == Profile::submissions,
          .require_tls = listener.require_tls,
          .require_auth = logins,
          .offer_auth = logins || (legacy && has_users),
          .lmtp = listener.protocol == config::Protocol::lmtp,
          .auth_in_clear = legacy && listener.legacy.auth_without_tls};
}

Result<upstream::Upstreams> make_upstreams(const config::Settings& settings,
                                           const Snapshot* previous, const Endpoint* capture) {
  auto wanted = settings.upstreams;
  if (wanted.empty() && capture != nullptr) {
    upstream::UpstreamSettings inbox;
    inbox.host = capture->address.to_string();
    inbox.port = capture->port;
    inbox.tls = upstream::TlsMode::never;
    inbox.health_check = std::chrono::hours(24);  // it is ourselves; but its EHLO counts, too
    wanted.emplace("inbox", std::move(inbox));
  }
  return upstream::make_upstreams(
      wanted, settings.hostname, previous != nullptr ? previous->upstreams : upstream::Upstreams{});
}

// Its folder is made here, and a folder that can't be written in refuses the configuration: later
// it would cost every large message a 4xx.
Result<mail::SpoolSettings> make_spool(const config::Settings& settings) {
  mail::SpoolSettings spool{.directory = settings.state_directory / "spool",
                            .memory = static_cast<std::size_t>(settings.spool_memory.count)};
  std::error_code failed;
  std::filesystem::create_directories(spool.directory, failed);
  if (failed)
    return fail(ErrorKind::io,
                fmt::format("cannot make {}: {}", spool.directory.native(), failed.message()));
  if (::access(spool.directory.c_str(), W_OK | X_OK) != 0)
    return std::unexpected(system_error(
        ErrorKind::io, fmt::format("cannot write in {}", spool.directory.native()), errno));
  return spool;
}

using FilterMap = std::map<std::string, filters::Link>;

// Each [filter.NAME] becomes one filter, shared by the listeners that name it: so a rate limit is
// one limit. What it has counted outlives a reload.
Result<FilterMap> make_filters(const config::Settings& settings, const Snapshot* previous) {
  FilterMap made;
  const filters::Surroundings around = config::surroundings(settings);
  for (const auto& [name, one] : settings.filter_table) {
    const filters::Filter* before = nullptr;
    if (previous != nullptr)
      if (const auto found = previous->filters.find(name); found != previous->filters.end())
        before = found->second.filter.get();
    one.blueprint->stand_in(around);
    auto filter = one.blueprint->build(before);
    if (!filter)
      return fail(filter.error().kind, fmt::format("filter {}: {}", name, filter.error().text));
    made.emplace(name, filters::Link{name, std::move(*filter), one.link});
  }
  return made;
}

// The same objects where nothing is set otherwise: what they learned of the files, and the keys
// that clients' tickets are sealed with, outlive a reload.
Result<void> prepare_tls(const config::Settings& settings, const Snapshot* previous,
                         Snapshot& made) {
  if (!settings.tls.given()) return {};
  const Duration rotation = settings.tls.ticket_rotation;
  if (previous != nullptr && previous->tickets && previous->tickets->rotation() == rotation)
    made.tickets = previous->tickets;
  else if (rotation > Duration::zero())
    made.tickets = std::make_shared<TicketKeys>(rotation);

  auto sources = config::certificate_sources(settings);
  if (previous != nullptr && previous->certificates &&
      previous->certificates->sources() == sources) {
    made.certificates = previous->certificates;
    const auto look = made.certificates->look_for_changes();
    return look.refused.empty() ? Result<void>() : fail(ErrorKind::invalid, look.refused.front());
  }
  auto certificates = TlsCertificates::open(std::move(sources));
  if (!certificates) return std::unexpected(std::move(certificates.error()));
  made.certificates = std::move(*certificates);
  return {};
}

// The same object where nothing changed, with what it knows of guessers and of owners. Null: nobody
// can log in.
Result<std::shared_ptr<auth::Authenticator>> make_authenticator(
    const config::Settings& settings, const Snapshot* previous,
    const upstream::Upstreams& upstreams) {
  const auth::AuthSettings& wanted = settings.auth;
  const auto upstream = std::ranges::find(upstreams, wanted.upstream, &upstream::Upstream::name);
  const bool by_upstream = !wanted.upstream.empty() && upstream != upstreams.end();
  if (previous != nullptr && previous->settings.auth == wanted &&
      (!by_upstream ||
       std::ranges::find(previous->upstreams, *upstream) != previous->upstreams.end()))
    return previous->authenticator;
  if (by_upstream) return make_upstream_authenticator(wanted, *upstream);
  if (wanted.helpers.used()) return auth::make_directory_authenticator(wanted);
  if (!wanted.users_file.empty()) return auth::make_users_file_authenticator(wanted);
  if (!wanted.dovecot_socket.empty()) return auth::make_dovecot_authenticator(wanted);
  return std::shared_ptr<auth::Authenticator>();
}

// Each listener has its own: what it asks of clients differs.
Result<std::shared_ptr<const TlsContext>> make_tls(const Snapshot& made,
                                                   const config::ListenerSettings& listener) {
  if (!made.certificates) return std::shared_ptr<const TlsContext>();
  return TlsContext::server(
      {.certificates = made.certificates,
       .tickets = made.tickets,
       .clients = {.ask = listener.client_certificates != config::ClientCertificates::none,
                   .authorities = listener.client_ca_file},
       .obsolete_clients = listener.legacy.tls_1_0});
}

// What a listener takes of one client: [limits], and less from devices.
Result<void> set_bounds(const config::LimitSettings& limits, const Snapshot* previous,
                        ListenerPlan& plan) {
  plan.max_message_size = limits.max_message_size.count;
  plan.max_recipients = limits.max_recipients;
  plan.max_connections_per_client = limits.max_connections_per_client;
  if (plan.settings.profile != Profile::legacy) return {};
  const config::LegacySettings& legacy = plan.settings.legacy;
  if (legacy.repair_bare_lf) plan.bare_lf = smtp::DotDecoder::BareLf::repair;
  plan.settings.sender_policy = sender::Policy::off;  // all have the one sender
  plan.max_message_size = std::min(plan.max_message_size, legacy.max_message_size.count);
  plan.max_recipients = std::min(plan.max_recipients, legacy.max_recipients);
  plan.max_connections_per_client =
      std::min(plan.max_connections_per_client, legacy.max_connections_per_client);
  const DeviceRules* before = nullptr;
  if (previous != nullptr)
    if (const auto found = previous->listeners.find(plan.name); found != previous->listeners.end())
      before = found->second->devices.get();
  auto devices = DeviceRules::create(legacy, before);
  if (!devices) return std::unexpected(std::move(devices.error()));
  plan.devices = std::move(*devices);
  return {};
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Snapshot::build(config::Settings settings,
                                                        const Snapshot* previous,
                                                        const Endpoint* capture) {
  auto made = std::make_shared<Snapshot>();
  auto spool = make_spool(settings);
  if (!spool) return std::unexpected(std::move(spool.error()));
  made->spool = std::move(*spool);

  // Shared where nothing changed, so that sessions begun before see later changes of the files too.
  if (previous != nullptr && previous->settings.relay == settings.relay) {
    if (auto read = previous->gate->reload_if_changed(); !read)
      return std::unexpected(std::move(read.error()));
    made->gate = previous->gate;
  } else {
    auto gate = relay::RelayGate::create(settings.relay);
    if (!gate) return std::unexpected(std::move(gate.error()));
    made->gate = std::move(*gate);
  }

  if (previous != nullptr && previous->settings.sender == settings.sender) {
    if (auto read = previous->senders->reload_if_changed(); !read)
      return std::unexpected(std::move(read.error()));
    made->senders = previous->senders;
  } else {
    auto senders = sender::SenderOwnership::create(settings.sender);
    if (!senders) return std::unexpected(std::move(senders.error()));
    made->senders = std::move(*senders);
  }

  if (auto ready = prepare_tls(settings, previous, *made); !ready)
    return std::unexpected(std::move(ready.error()));
  auto upstreams = make_upstreams(settings, previous, capture);
  if (!upstreams) return std::unexpected(std::move(upstreams.error()));
  made->upstreams = std::move(*upstreams);
  auto authenticator = make_authenticator(settings, previous, made->upstreams);
  if (!authenticator) return std::unexpected(std::move(authenticator.error()));
  made->authenticator = std::move(*authenticator);
  auto routes = upstream::Routes::create(settings.routes, made->upstreams);
  if (!routes) return std::unexpected(std::move(routes.error()));
  made->routes = std::move(*routes);
  if (settings.recipient_cache.used())
    made->recipients = std::make_shared<upstream::RecipientCache>(settings.recipient_cache);

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
    auto tls = make_tls(*made, listener);
    if (!tls) return fail(tls.error().kind, fmt::format("listener {}: {}", name, tls.error().text));
    plan->tls = std::move(*tls);
    auto rights = listener.unix_socket.rights();
    if (!rights)
      return fail(rights.error().kind, fmt::format("listener {}: {}", name, rights.error().text));
    plan->socket_rights = *rights;
    plan->dialog = dialog_rules(listener, plan->tls != nullptr, made->authenticator != nullptr);
    if (auto set = set_bounds(settings.limits, previous, *plan); !set)
      return fail(set.error().kind, fmt::format("listener {}: {}", name, set.error().text));
    plan->chain = std::make_shared<filters::Chain>(std::move(links));
    made->listeners.emplace(name, std::move(plan));
  }
  made->loop_token = make_loop_token(settings.hostname);
  made->settings = std::move(settings);
  return made;
}

}  // namespace sekisho
