// Settings: the whole configuration as plain values. Each table is a struct that documents itself
// (visit()). Read and checked by load.h; immutable afterwards, inside a Snapshot.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "filters/catalog.h"
#include "filters/chain.h"
#include "gateway/auth/authenticator.h"
#include "gateway/auth/certificate_login.h"
#include "gateway/base/log.h"
#include "gateway/base/settings_visitor.h"
#include "gateway/config/legacy_settings.h"
#include "gateway/config/proxy_settings.h"
#include "gateway/config/unix_socket_settings.h"
#include "gateway/dns/dns_settings.h"
#include "gateway/mail/mime_view.h"
#include "gateway/net/tls_certificates.h"
#include "gateway/relay/relay_gate.h"
#include "gateway/sender/sender_settings.h"
#include "gateway/upstream/recipient_cache_settings.h"
#include "gateway/upstream/route_settings.h"
#include "gateway/upstream/settings.h"
#include "gateway/worker/worker_settings.h"

namespace sekisho::config {

enum class Profile : std::uint8_t { submission, submissions, mx, internal, legacy };

enum class Protocol : bool { smtp, lmtp };

enum class ClientCertificates : std::uint8_t { none, request, require };

// [listener.NAME]
struct ListenerSettings {
  std::string address;  // "0.0.0.0:587", "[::]:25", "unix:/run/sekisho/smtp.sock"
  Profile profile = Profile::mx;
  Protocol protocol = Protocol::smtp;
  bool require_tls = true;  // before AUTH and MAIL; when read, mx and internal default to false
  ClientCertificates client_certificates = ClientCertificates::none;
  std::filesystem::path client_ca_file;
  UnixSocketSettings unix_socket;
  ProxySettings proxies;
  sender::Policy sender_policy = sender::Policy::by_default;
  auth::CertificateLogin certificate_login;
  LegacySettings legacy;
  std::vector<std::string> filters;  // names of [filter.NAME], in order; default: `filters` on top
  bool filters_set = false;          // was `filters` given here?

  void visit(SettingsVisitor& v);
};

// [limits]
struct LimitSettings {
  std::int64_t max_connections = 10'000;
  std::int64_t max_connections_per_client = 50;     // an IPv4 address or an IPv6 /64
  std::int64_t max_unannounced_connections = 1000;  // from proxies, before their header
  Bytes max_message_size{50 * 1024 * 1024};
  std::int64_t max_recipients = 100;     // a transaction (RFC 5321 4.5.3.1.8: at least 100)
  std::int64_t max_errors = 20;          // a session; then 421
  std::int64_t max_auth_failures = 3;    // a session; then 421
  std::int64_t max_messages = 1000;      // a session; then 421
  std::int64_t max_command_line = 2048;  // bytes with CRLF
  std::int64_t max_text_line = 0;        // of a message; 0: no limit
  Bytes max_header_size{256 * 1024};
  std::int64_t max_received = 50;  // Received fields: loop
  Bytes min_data_rate{512};        // bytes a second over DATA, after the first 30 s

  void visit(SettingsVisitor& v);
};

// [timeouts]: RFC 5321 section 4.5.3.2; each one deadline for its whole stage.
struct TimeoutSettings {
  std::chrono::milliseconds command{5 * 60 * 1000};    // wait for the next command
  std::chrono::milliseconds first_command{60 * 1000};  // from greeting to the first command
  std::chrono::milliseconds proxy_header{5 * 1000};    // from the connection to its last byte
  std::chrono::milliseconds tls_handshake{30 * 1000};
  std::chrono::milliseconds auth{60 * 1000};            // the whole AUTH exchange
  std::chrono::milliseconds data_block{3 * 60 * 1000};  // between two blocks of a message
  std::chrono::milliseconds data{60 * 60 * 1000};       // the whole message
  std::chrono::milliseconds reply{60 * 1000};           // our reply must have been taken by then
  std::chrono::milliseconds upstream_hold{
      2 * 1000};  // an upstream connection waits for its client this long
  std::chrono::milliseconds drain{30 * 1000};  // SIGTERM: then sessions are cut

  void visit(SettingsVisitor& v);
};

// [tls]
struct TlsSettings {
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path directory;                                 // searched for pairs
  std::chrono::milliseconds ticket_rotation{12 * 60 * 60 * 1000};  // 0: no session is resumed

  [[nodiscard]] bool given() const { return !certificate.empty() || !directory.empty(); }
  void visit(SettingsVisitor& v);
};

// [certificate.NAME]
struct CertificateSettings {
  std::filesystem::path certificate;
  std::filesystem::path key;

  void visit(SettingsVisitor& v);
};

// [filter.NAME]
struct FilterSettings {
  std::string use;  // the catalog's name; default: NAME
  filters::LinkSettings link;
  std::shared_ptr<filters::Blueprint> blueprint;  // null when `use` is unknown

  void become(const filters::CatalogEntry& entry);  // with that filter's own defaults
  void visit(SettingsVisitor& v);
};

struct Settings {
  std::string hostname;                          // in the greeting, EHLO and Received
  std::string authserv_id;                       // in Authentication-Results; empty: the hostname
  std::int64_t threads = 0;                      // event loops; 0: one for each core
  std::filesystem::path state_directory{"var"};  // capture inbox, spool files
  std::vector<std::string> filters;
  std::vector<std::string> include{"conf.d/*.toml"};
  LimitSettings limits;
  TimeoutSettings timeouts;
  TlsSettings tls;
  relay::RelaySettings relay;
  sender::SenderSettings sender;
  auth::AuthSettings auth;
  Log::Settings log;
  mail::MimeLimits mime;
  upstream::RecipientCacheSettings recipient_cache;
  Bytes spool_memory{256 * 1024};
  std::string metrics_address;  // "127.0.0.1:9100"; empty: no metrics page
  std::map<std::string, ListenerSettings> listeners;
  std::map<std::string, CertificateSettings> certificates;
  std::map<std::string, upstream::UpstreamSettings> upstreams;
  upstream::RouteTable routes;
  dns::DnsSettings dns;
  worker::WorkerSettings workers;
  std::map<std::string, FilterSettings> filter_table;

  void visit(SettingsVisitor& v);
};

// The name in Authentication-Results fields.
std::string_view authserv_id(const Settings& settings);
// What filters' settings may name.
filters::Surroundings surroundings(const Settings& settings);
// What a listener's profile means for the relay gate and the dialogue; nothing in the configuration
// can widen it.
relay::RelayPolicy relay_policy(Profile profile);
std::string_view to_string(Profile profile);
// The certificates of all listeners.
TlsCertificates::Sources certificate_sources(const Settings& settings);
// Where the capture inbox keeps its Maildir.
std::filesystem::path inbox_directory(const Settings& settings);

}  // namespace sekisho::config
