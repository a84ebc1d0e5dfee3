// Listeners: addresses, and what each profile needs from the rest of the configuration.
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "gateway/base/socket_address.h"
#include "gateway/base/text.h"
#include "gateway/config/check.h"

namespace sekisho::config {
namespace {

constexpr const char* kMetricsSetting = "metrics_address";

bool is_private(const IpAddress& address) {
  return Network::parse(address.to_string()).value().is_private();
}

int usual_port(const ListenerSettings& listener) {
  if (listener.protocol == Protocol::lmtp) return 24;
  switch (listener.profile) {
    case Profile::submission:
      return 587;
    case Profile::submissions:
      return 465;
    case Profile::mx:
    case Profile::internal:
    case Profile::legacy:
      return 25;
  }
  return 25;
}

// How the text was probably meant.
std::string address_hint(std::string_view text, int port) {
  if (text.starts_with('/')) return fmt::format("write \"{}{}\"", kUnixPrefix, text);
  if (IpAddress::parse(text)) {
    const bool v6 = text.find(':') != std::string_view::npos;
    return v6 ? fmt::format("write \"[{}]:{}\"", text, port)
              : fmt::format("write \"{}:{}\"", text, port);
  }
  const auto colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  if (host.empty() || host == "*") {
    const std::string_view given = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    return fmt::format("write \"0.0.0.0:{0}\", or \"[::]:{0}\"",
                       parse_uint(given) ? std::string(given) : std::to_string(port));
  }
  if (iequals(host, "localhost")) return fmt::format("write \"127.0.0.1:{}\"", port);
  return fmt::format("write an IP address and a port, such as \"0.0.0.0:{}\" or \"[::]:{}\"", port,
                     port);
}

class AddressBook {
 public:
  explicit AddressBook(const CheckContext& context) : context_(context) {}

  void add(const std::string& setting, const std::string& text, int port) {
    if (!context_.is_set(setting) || context_.has_error(setting)) return;
    const auto address = SocketAddress::parse(text);
    const std::optional<Endpoint> endpoint = Endpoint::parse(text);
    const bool may_be_unix = setting != kMetricsSetting;
    if (may_be_unix && !address && text.starts_with(kUnixPrefix)) {
      context_.wrong(setting, fmt::format("\"{}\" is no Unix socket's path", text),
                     fmt::format("write its whole path, of at most {} bytes: "
                                 "\"unix:/run/sekisho/smtp.sock\"",
                                 kMaxUnixPath));
    } else if (may_be_unix && address && address->is_unix()) {
      take(setting, text, *address, "give each its own path");
    } else if (!endpoint) {
      context_.wrong(setting, fmt::format("\"{}\" is not an IP address with a port", text),
                     address_hint(text, port));
    } else if (endpoint->port == 0) {
      // A port that the system chooses is of use to tests, which are on the loopback.
      if (endpoint->address.is_loopback()) return;
      context_.wrong(setting, "port 0 can't be listened on",
                     fmt::format("the usual port is {}", port));
    } else {
      take(setting, text, *endpoint, "give each its own address or port");
    }
  }

 private:
  void take(const std::string& setting, const std::string& text, const SocketAddress& address,
            const char* hint) {
    const auto [other, added] = taken_.emplace(address, setting);
    if (added) return;
    context_.wrong(setting,
                   fmt::format("{} is the address of {} already ({}); connections would reach "
                               "either of them by chance",
                               text, other->second, context_.place(other->second).to_string()),
                   hint);
  }

  const CheckContext& context_;
  std::map<SocketAddress, std::string> taken_;
};

// RFC 2033 section 5: never on SMTP's port; section 1: for a local network, not for the wide one.
void check_lmtp(const CheckContext& context, const std::string& table,
                const ListenerSettings& listener) {
  const std::optional<Endpoint> endpoint = Endpoint::parse(listener.address);
  if (listener.protocol != Protocol::lmtp || !endpoint) return;
  constexpr int kSmtp = 25;
  if (endpoint->port == kSmtp) {
    context.wrong(table + ".address",
                  "port 25 is SMTP's: a server that speaks LMTP there is mistaken for one that "
                  "takes responsibility for mail (RFC 2033 section 5)",
                  "give it another port, such as 24");
  } else if (endpoint->address.is_unspecified() || !is_private(endpoint->address)) {
    context.warn(table + ".address",
                 "the world can reach a listener that speaks LMTP, which is for the servers of "
                 "one local network (RFC 2033 section 1)",
                 "listen on an address of the inner network");
  }
}

// What is weak is told every time, so that nobody forgets that it is there.
void check_devices(const CheckContext& context, const std::string& table,
                   const LegacySettings& legacy) {
  const std::string prefix = table + ".legacy.";
  if (legacy.clients.empty() && !context.has_error(prefix + "clients"))
    context.missing(prefix + "clients", table,
                    "profile legacy serves named devices alone, and none is named",
                    fmt::format("set clients = [\"192.168.1.20\"] under [{}.legacy]", table));
  if (legacy.sender.empty() && !context.has_error(prefix + "sender"))
    context.missing(prefix + "sender", table,
                    "profile legacy needs the address in whose name its devices send",
                    fmt::format("set sender = \"scanner@example.com\" under [{}.legacy]", table));
  if (legacy.auth_without_tls && !context.settings().auth.given())
    context.wrong(prefix + "auth_without_tls", "nobody can log in: there is nothing under [auth]",
                  "remove the line, or say who the users are");
  if (legacy.tls_1_0 && !context.settings().tls.given())
    context.wrong(prefix + "tls_1_0", "has no effect without a certificate",
                  "remove the line, or set certificate and key under [tls]");
  context.warn(table + ".profile",
               "INSECURE: whoever uses the address of one of these devices sends mail as "
               "legacy.sender, to anybody",
               "only for devices that can't use submission or submissions");
  if (legacy.auth_without_tls)
    context.warn(prefix + "auth_without_tls", "INSECURE: passwords cross the network in clear text",
                 "give these devices users of their own");
  if (legacy.tls_1_0)
    context.warn(prefix + "tls_1_0",
                 "INSECURE: TLS 1.0 and 1.1 are broken; who can listen can read");
  if (legacy.repair_bare_lf)
    context.warn(prefix + "repair_bare_lf",
                 "messages that break the standard are changed on their way");
}

void check_profile(const CheckContext& context, const std::string& table,
                   const ListenerSettings& listener) {
  const Settings& settings = context.settings();
  const bool for_users =
      listener.profile == Profile::submission || listener.profile == Profile::submissions;
  const std::string_view profile = to_string(listener.profile);
  if (for_users && !settings.auth.given()) {
    context.missing(
        "auth.users_file", table,
        fmt::format("profile {} needs users who can log in, but auth.users_file is not "
                    "set",
                    profile),
        "set users_file = \"users\" under [auth], and add users by `sekisho user add`; or name "
        "Dovecot's socket as dovecot_socket, an upstream that checks passwords as upstream, or a "
        "directory under [auth.helpers]");
  }
  if (listener.client_certificates != ClientCertificates::none && !settings.tls.given() &&
      !context.has_error(table + ".client_certificates")) {
    context.missing("tls.certificate", table,
                    "client_certificates needs TLS, but tls.certificate is not set",
                    "set certificate and key under [tls]");
  } else if ((for_users || listener.require_tls) &&
             !context.has_error(table + ".client_certificates") && !settings.tls.given()) {
    context.missing(
        "tls.certificate", table,
        for_users ? fmt::format("profile {} needs TLS, but tls.certificate is not set", profile)
                  : "require_tls needs TLS, but tls.certificate is not set",
        "set certificate and key under [tls]");
  }
  check_lmtp(context, table, listener);
  if (listener.proxies.xclient_login && !for_users &&
      !context.has_error(table + ".xclient_login")) {
    context.wrong(table + ".xclient_login",
                  fmt::format("nobody logs in where the profile is {}", profile),
                  "remove the line; LOGIN is for submission and submissions");
  }
  const relay::RelaySettings& relay = settings.relay;
  if (listener.profile == Profile::mx && relay.domains.empty() && relay.domains_file.empty()) {
    context.missing("relay.domains", table,
                    "profile mx takes mail for relay.domains alone, and none is set: nobody could "
                    "send anything",
                    "set domains = [\"example.com\"] under [relay]");
  }
  if (listener.profile == Profile::internal && relay.networks.empty() &&
      !context.has_error("relay.networks")) {
    context.missing("relay.networks", table,
                    "profile internal serves the clients in relay.networks alone, and none is set: "
                    "nobody could send anything",
                    "set networks = [\"192.0.2.10\"] under [relay]");
  }
  if (listener.profile == Profile::legacy) check_devices(context, table, listener.legacy);
  const std::optional<Endpoint> endpoint = Endpoint::parse(listener.address);
  const bool by_address =
      listener.profile == Profile::internal || listener.profile == Profile::legacy;
  if (!by_address || !endpoint) return;
  if (endpoint->address.is_unspecified() || !is_private(endpoint->address)) {
    context.warn(table + ".address",
                 "the world can reach a listener that relays without a password; the client's "
                 "address is all that keeps strangers out",
                 "listen on the address of the inner network if you can");
  }
}

}  // namespace

void check_listeners(const CheckContext& context) {
  const Settings& settings = context.settings();
  if (settings.listeners.empty()) {
    context.missing("listener", "listener", "there is none, so that nobody could connect",
                    "add [listener.submission] with its address and profile");
  }
  AddressBook addresses(context);
  bool internal = false;
  bool logins = false;
  for (const auto& [name, listener] : settings.listeners) {
    const std::string table = "listener." + name;
    addresses.add(table + ".address", listener.address, usual_port(listener));
    if (context.has_error(table + ".profile")) continue;
    check_unix_listener(context, table, listener);
    check_profile(context, table, listener);
    internal = internal || listener.profile == Profile::internal;
    logins = logins || listener.profile == Profile::submission ||
             listener.profile == Profile::submissions;
  }
  if (!settings.relay.networks.empty() && !internal && !settings.listeners.empty()) {
    context.warn("relay.networks",
                 "no listener has the profile internal, so that these networks have no effect");
  }
  const bool senders = !settings.sender.map_file.empty() || !settings.sender.login_domains.empty();
  if (senders && !logins && !settings.listeners.empty()) {
    context.warn("sender", "no listener lets users log in, so that this has no effect");
  }
  if (settings.metrics_address.empty()) return;
  constexpr int kUsualMetricsPort = 9100;
  addresses.add(kMetricsSetting, settings.metrics_address, kUsualMetricsPort);
  const std::optional<Endpoint> metrics = Endpoint::parse(settings.metrics_address);
  if (metrics && !metrics->address.is_loopback()) {
    context.warn("metrics_address",
                 "the metrics page asks for no password, and others can reach this address",
                 "use 127.0.0.1, or see to it that a firewall keeps strangers out");
  }
}

}  // namespace sekisho::config
