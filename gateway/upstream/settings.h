// [upstream.NAME]: where mail goes. Plain values, checked when read.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/settings_visitor.h"
#include "gateway/upstream/introduction.h"
#include "gateway/upstream/login_settings.h"

namespace sekisho::upstream {

enum class Protocol : std::uint8_t { smtp, lmtp };
std::string_view to_string(Protocol protocol);

enum class TlsMode : std::uint8_t {
  never,           // plain
  opportunistic,   // STARTTLS when offered; plain when not offered or when the handshake fails
  required,        // STARTTLS or nothing; any certificate
  verify,          // STARTTLS, certificate and name verified
  implicit,        // TLS from the first byte; any certificate
  implicit_verify  // TLS from the first byte, verified
};
std::string_view to_string(TlsMode mode);  // the word of the configuration: "implicit-verify"
[[nodiscard]] constexpr bool is_implicit(TlsMode mode) {
  return mode == TlsMode::implicit || mode == TlsMode::implicit_verify;
}
[[nodiscard]] constexpr bool verifies(TlsMode mode) {
  return mode == TlsMode::verify || mode == TlsMode::implicit_verify;
}

struct UpstreamSettings {
  std::string host;  // or unix:/PATH
  std::int64_t port = 25;
  Protocol protocol = Protocol::smtp;
  std::int64_t priority = 10;  // lower is tried first; equal ones take turns
  std::int64_t weight = 1;     // of their turns
  TlsMode tls = TlsMode::opportunistic;
  std::string tls_name;                       // to verify; default: host
  std::filesystem::path tls_ca_file;          // default: the system's
  std::vector<std::string> tls_fingerprints;  // to verify by instead
  std::filesystem::path tls_certificate;      // ours, where it asks for one
  std::filesystem::path tls_key;
  std::int64_t max_connections = 50;           // to this upstream, over all loop threads
  std::int64_t max_messages = 100;             // on one connection
  std::chrono::milliseconds max_age{600'000};  // of one connection
  std::chrono::milliseconds idle{30'000};      // a pooled connection is kept this long
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds greeting_timeout{60'000};
  std::chrono::milliseconds command_timeout{60'000};
  std::chrono::milliseconds data_timeout{120'000};  // one block of the message
  // The reply after the dot: below the 10 minutes that a client waits (RFC 5321 section 4.5.3.2.6).
  std::chrono::milliseconds final_timeout{480'000};
  std::int64_t breaker_failures = 5;                // in a row: then skipped
  std::chrono::milliseconds breaker_pause{10'000};  // until one probe is let through
  std::chrono::milliseconds health_check{30'000};   // 0: none
  std::chrono::milliseconds health_timeout{15'000};
  std::int64_t health_failures = 2;   // in a row: down
  std::int64_t health_successes = 2;  // in a row: up again

  ForwardClient forward_client = ForwardClient::xforward;
  bool forward_login = false;  // in XCLIENT
  LoginSettings login;

  // The path of its Unix socket; empty when it is reached by TCP.
  [[nodiscard]] std::string_view socket() const;
  // Where it is, for people: "mail.example.org:25", "unix:/run/dovecot/lmtp".
  [[nodiscard]] std::string place() const;

  void visit(SettingsVisitor& v);
  bool operator==(const UpstreamSettings&) const = default;

 private:
  void check_place(SettingsVisitor& v);
};

}  // namespace sekisho::upstream
