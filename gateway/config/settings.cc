#include "gateway/config/settings.h"

#include <fmt/format.h>

#include "gateway/config/known_filters.h"

namespace sekisho::config {
namespace {

constexpr std::int64_t kMany = 1'000'000;  // more of anything is a slip of the finger

}  // namespace

void ListenerSettings::visit(SettingsVisitor& v) {
  v.field(
      "address", address,
      "IP address and port to listen on, for example \"0.0.0.0:587\" or \"[::]:25\", or a Unix "
      "socket "
      "by its path: \"unix:/run/sekisho/smtp.sock\". A Unix socket's clients have no address, so "
      "that none is in a trusted network; the file stays at the stop and is replaced at the next "
      "start. Required.");
  v.choice<Profile>(
      "profile", profile,
      {{"submission", Profile::submission},
       {"submissions", Profile::submissions},
       {"mx", Profile::mx},
       {"internal", Profile::internal},
       {"legacy", Profile::legacy}},
      "Who may send what here: submission (users who log in, after STARTTLS), submissions (the "
      "same "
      "with TLS from the first byte), mx (anybody, to relay.domains alone), internal (clients in "
      "relay.networks, to anybody), legacy (devices that can do no better, named in the table "
      "legacy); required.");
  const bool for_users = profile == Profile::submission || profile == Profile::submissions;
  v.choice<Protocol>(
      "protocol", protocol, {{"smtp", Protocol::smtp}, {"lmtp", Protocol::lmtp}},
      "What is spoken here: smtp, or lmtp (RFC 2033), in which each recipient gets an answer of "
      "its "
      "own after the message. Who may send what is the profile's to say all the same.");
  if (!v.is_set("require_tls")) require_tls = for_users;
  v.field("require_tls", require_tls,
          "Whether MAIL is refused until the session is encrypted; always so for submission and "
          "submissions, where the default is true.");
  v.choice<ClientCertificates>(
      "client_certificates", client_certificates,
      {{"none", ClientCertificates::none},
       {"request", ClientCertificates::request},
       {"require", ClientCertificates::require}},
      "Whether clients are asked for a TLS certificate: none; request (those who have one show "
      "it); "
      "require (AUTH and MAIL are refused without one that client_ca_file vouches for).");
  v.field("client_ca_file", client_ca_file,
          "PEM file with the authorities that sign client certificates. Without it a certificate "
          "that was asked for counts as unverified, and is known by its fingerprint alone.");
  unix_socket.visit(v, address);
  proxies.visit(v);
  auto policies = sender::policy_words();
  policies.emplace_back("default", sender::Policy::by_default);
  v.choice<sender::Policy>("sender_policy", sender_policy, policies,
                           "What is done with others' addresses here, when not what [sender] says "
                           "in `policy`; default is that.");
  v.table("certificate_login",
          "Log-ins by client certificate (AUTH EXTERNAL), at submission and "
          "submissions.",
          [this](SettingsVisitor& inner) { certificate_login.visit(inner); });
  v.field("filters", filters,
          "The filters of this listener in their order, by the names of their tables; by default "
          "the list `filters` at the top.");
  filters_set = v.is_set("filters");
  const bool has_legacy = v.is_set("legacy");
  if (profile == Profile::legacy || has_legacy || !v.is_set("profile"))
    v.table("legacy", "The devices of a listener with profile = \"legacy\".",
            [this](SettingsVisitor& t) { legacy.visit(t); });
  if (has_legacy && v.is_set("profile") && profile != Profile::legacy)
    v.error("legacy", "belongs to profile = \"legacy\" alone");
  if (profile == Profile::legacy && !proxies.xclient_from.empty())
    v.error("xclient_from", "devices speak for themselves: remove the line");

  if (!v.is_set("address"))
    v.error("address", "a listener needs an address and port, or a Unix socket");
  if (!v.is_set("profile")) {
    v.error("profile",
            "a listener needs a profile: submission, submissions, mx, internal or legacy");
  }
  if (client_certificates == ClientCertificates::require && client_ca_file.empty()) {
    v.error("client_certificates",
            "\"require\" needs client_ca_file: without it no certificate could be verified, and "
            "all mail would be refused");
  }
  if (client_certificates == ClientCertificates::require && !for_users && !require_tls) {
    v.error("client_certificates",
            "\"require\" needs require_tls = true: a certificate is shown in TLS alone");
  }
  if (client_certificates == ClientCertificates::none && !client_ca_file.empty()) {
    v.error("client_ca_file",
            "has no effect without client_certificates = \"request\" or \"require\"");
  }
  if (!for_users && sender_policy != sender::Policy::by_default) {
    v.error("sender_policy", "has no effect where nobody logs in; take it out");
  }
  if (certificate_login.wanted() && (client_ca_file.empty() || !for_users)) {
    v.error("certificate_login",
            for_users
                ? "needs client_certificates = \"request\" or \"require\", and client_ca_file: "
                  "only a verified certificate names a user"
                : "has no effect here: users log in at submission and submissions alone");
  }
  if (for_users && !require_tls) {
    v.error("require_tls",
            "can't be false where users log in: passwords and mail would cross the network in "
            "clear text, and AUTH is never offered without TLS; remove the line");
  }
}

void LimitSettings::visit(SettingsVisitor& v) {
  v.field("max_connections", max_connections, "Connections at the same time, over all listeners.",
          1, kMany);
  v.field("max_connections_per_client", max_connections_per_client,
          "Connections at the same time from one IPv4 address or one IPv6 /64.", 1, kMany);
  v.field("max_unannounced_connections", max_unannounced_connections,
          "Connections at the same time of which the proxy (proxy_protocol) hasn't told the client "
          "yet.",
          1, kMany);
  v.field("max_message_size", max_message_size,
          "The largest message that is taken, told to clients as SIZE; at least 64KiB.");
  v.field("max_recipients", max_recipients,
          "Recipients of one message; RFC 5321 section 4.5.3.1.8 wants 100 at least.", 1, kMany);
  v.field("max_errors", max_errors, "Refused commands in one session before it is ended with 421.",
          1, kMany);
  v.field("max_auth_failures", max_auth_failures,
          "Failed log-ins in one session before it is ended with 421.", 1, kMany);
  v.field("max_messages", max_messages, "Messages in one session before it is ended with 421.", 1,
          kMany);
  v.field("max_command_line", max_command_line, "Bytes of one command line with its CRLF.", 512,
          65'536);
  v.field("max_text_line", max_text_line,
          "Bytes of one line of a message; 0 sets no limit, else at least 1000.", 0, 1'000'000'000);
  v.field("max_header_size", max_header_size, "Bytes of all header fields of one message.");
  v.field("max_received", max_received,
          "Received fields in a message, one more of which means that it goes in circles.", 1,
          10'000);
  v.field(
      "min_data_rate", min_data_rate,
      "Bytes a second that a client must send of its message after the first 30 seconds; \"0B\" "
      "sets no limit.");

  if (max_message_size.count < 64UL * 1024) {
    v.error("max_message_size",
            "must be at least 64KiB (RFC 5321 section 4.5.3.1.7): ordinary mail would be refused");
  }
  if (max_text_line != 0 && max_text_line < 1000) {
    v.error("max_text_line",
            "must be 0 (no limit) or at least 1000, the length that RFC 5321 section 4.5.3.1.6 "
            "allows");
  }
  if (max_header_size.count < 1024) v.error("max_header_size", "must be at least 1KiB");
}

void TimeoutSettings::visit(SettingsVisitor& v) {
  const auto wait = [&v](std::string_view key, std::chrono::milliseconds& value,
                         std::string_view doc) {
    v.field(key, value, doc);
    if (value.count() <= 0) v.error(key, "must be longer than nothing");
  };
  wait("command", command, "How long the next command may take to come.");
  wait("first_command", first_command, "How long the first command may take after the greeting.");
  wait("proxy_header", proxy_header, "How long a proxy may take to tell its client.");
  wait("tls_handshake", tls_handshake, "How long the TLS handshake may take.");
  wait("auth", auth, "How long the whole AUTH exchange may take.");
  wait("data_block", data_block, "How long a client may be silent in the middle of a message.");
  wait("data", data, "How long one whole message may take.");
  wait("reply", reply, "How long a client may take to accept a reply.");
  wait("upstream_hold", upstream_hold,
       "How long an upstream connection is held for a client that sends nothing; then it is given "
       "back and "
       "the transaction is opened again when the message is whole.");
  wait("drain", drain, "How long open sessions may go on after SIGTERM before they are cut.");
}

void TlsSettings::visit(SettingsVisitor& v) {
  v.field(
      "certificate", certificate,
      "PEM file with the server's certificate and the chain to its authority; shown to clients "
      "that ask for no name, or for one that no certificate is for. Read anew when it changes.");
  v.field("key", key, "PEM file with the certificate's private key.");
  v.field("directory", directory,
          "Folder with certificates and their keys, there or one folder below: fullchain.pem and "
          "privkey.pem (certbot's live/), tls.crt and tls.key (a Kubernetes secret), NAME.crt and "
          "NAME.key (lego). Each is shown to clients that ask for one of its names; what is added "
          "or changed there takes effect by itself. Without certificate and key the one for the "
          "hostname is the default.");
  v.field("ticket_rotation", ticket_rotation,
          "How often the key of session tickets changes, by which clients resume their TLS "
          "sessions; the one before stays good as long again. \"0s\": no session is resumed.");
  if (ticket_rotation.count() != 0 && ticket_rotation < std::chrono::minutes(1))
    v.error("ticket_rotation", "must be 0s (no session is resumed) or at least 1m");
  if (certificate.empty() && !key.empty()) {
    v.error("certificate", "is missing: a key is of no use without its certificate");
  }
  if (key.empty() && !certificate.empty()) {
    v.error("key", "is missing: a certificate is of no use without its private key");
  }
}

void CertificateSettings::visit(SettingsVisitor& v) {
  v.field("certificate", certificate,
          "PEM file with the certificate and the chain to its authority; required.");
  v.field("key", key, "PEM file with the certificate's private key; required.");
  if (certificate.empty()) v.error("certificate", "is missing");
  if (key.empty()) v.error("key", "is missing");
}

void FilterSettings::become(const filters::CatalogEntry& entry) {
  blueprint = entry.make();
  link.timeout = blueprint->default_timeout().value_or(link.timeout);
}

void FilterSettings::visit(SettingsVisitor& v) {
  if (use.empty()) use = v.table_name();
  v.field("use", use, "Which filter it is; by default the one that has the table's name.");
  const filters::CatalogEntry* entry = filters::find_in_catalog(use);
  if (entry != nullptr && blueprint == nullptr) become(*entry);
  link.visit(v);
  if (entry == nullptr) {
    v.error("use",
            fmt::format("there is no filter \"{}\"; {}", use, suggest(use, catalog_names())));
    v.ignore_rest();
    return;
  }
  blueprint->visit(v);
}

void Settings::visit(SettingsVisitor& v) {
  v.field("hostname", hostname,
          "The name in the greeting, in EHLO and in Received fields; by default the system's host "
          "name.");
  v.field(
      "authserv_id", authserv_id,
      "Our name in Authentication-Results fields (RFC 8601), by which those who trust them know "
      "them; fields that come with it from elsewhere are removed. By default the hostname.");
  v.field("threads", threads, "Event loop threads; 0 is one for each processor.", 0, 1024);
  v.field("state_directory", state_directory,
          "Folder for what the gateway keeps: spool files and the capture inbox.");
  v.field("filters", filters,
          "The filters of every listener that has no list of its own, in their order.");
  v.field("include", include,
          "More files to read, as patterns that count from the main file's folder; allowed in the "
          "main file alone.");
  v.field("spool_memory", spool_memory,
          "Bytes of one message that are held in memory; what is more goes to a file without a "
          "name.");
  v.field(
      "metrics_address", metrics_address,
      "IP address and port of the metrics page, for example \"127.0.0.1:9100\"; empty for none.");
  v.table("limits", "What one client, session or message may use.",
          [this](SettingsVisitor& t) { limits.visit(t); });
  v.table("timeouts", "How long each step may take; each is one deadline for its whole stage.",
          [this](SettingsVisitor& t) { timeouts.visit(t); });
  v.table("tls", "The certificate that is shown to clients.",
          [this](SettingsVisitor& t) { tls.visit(t); });
  v.table("relay", "Who may send to whom.", [this](SettingsVisitor& t) { relay.visit(t); });
  v.table("sender", "Which addresses authenticated users may send as.",
          [this](SettingsVisitor& t) { sender.visit(t); });
  v.table("auth", "Who may log in.", [this](SettingsVisitor& t) { auth.visit(t); });
  v.table("log", "Where the log goes and how it looks.", [this](SettingsVisitor& t) {
    t.choice<LogLevel>("level", log.level,
                       {{"debug", LogLevel::debug},
                        {"info", LogLevel::info},
                        {"warning", LogLevel::warning},
                        {"error", LogLevel::error}},
                       "The least weighty lines that are written.");
    t.choice<LogFormat>("format", log.format,
                        {{"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}},
                        "How a line is written.");
    t.field("file", log.file, "The log file; empty for standard error.");
  });
  v.table("dns", "Whom filters ask for DNS records; a change needs a restart.",
          [this](SettingsVisitor& t) { dns.visit(t); });
  v.table("workers",
          "The processes that look into messages and hold keys; a change needs a restart.",
          [this](SettingsVisitor& t) { workers.visit(t); });
  v.table("mime", "How deep filters look into a message; one that goes beyond is not passed on.",
          [this](SettingsVisitor& t) { mime.visit(t); });
  v.table("recipient_cache",
          "What is remembered of the upstreams' answers to RCPT, for listeners of the profile mx.",
          [this](SettingsVisitor& t) { recipient_cache.visit(t); });
  v.tables("listener", listeners, "One address to listen on.");
  v.tables("certificate", certificates,
           "One further certificate of the server, for clients that ask for one of its names; "
           "one for the same names with another kind of key (ECDSA, RSA) stands beside the first.");
  v.tables("upstream", upstreams,
           "One mail server to hand mail to; without any, the capture inbox takes it.");
  v.tables(
      "route", routes,
      "Which mail goes to which upstreams, recipient by recipient. What no route takes goes to "
      "the upstreams that no route names.");
  v.tables("filter", filter_table, "One filter with its settings.");
}

std::string_view authserv_id(const Settings& settings) {
  return settings.authserv_id.empty() ? settings.hostname : settings.authserv_id;
}

relay::RelayPolicy relay_policy(Profile profile) {
  switch (profile) {
    case Profile::submission:
    case Profile::submissions:
      return {.by_authentication = true};
    case Profile::mx:
      return {.by_local_domain = true};
    case Profile::internal:
    case Profile::legacy:  // its own
      return {.by_network = true};
  }
  return {};
}

std::string_view to_string(Profile profile) {
  switch (profile) {
    case Profile::submission:
      return "submission";
    case Profile::submissions:
      return "submissions";
    case Profile::mx:
      return "mx";
    case Profile::internal:
      return "internal";
    case Profile::legacy:
      return "legacy";
  }
  return "unknown";
}

TlsCertificates::Sources certificate_sources(const Settings& settings) {
  TlsCertificates::Sources sources{
      .pairs = {}, .directory = settings.tls.directory, .hostname = settings.hostname};
  if (!settings.tls.certificate.empty())
    sources.pairs.push_back({settings.tls.certificate, settings.tls.key});
  for (const auto& [name, one] : settings.certificates)
    sources.pairs.push_back({one.certificate, one.key});
  return sources;
}

std::filesystem::path inbox_directory(const Settings& settings) {
  return settings.state_directory / "inbox";
}

}  // namespace sekisho::config
