#include "gateway/upstream/settings.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gateway/base/ip.h"
#include "gateway/base/socket_address.h"
#include "gateway/net/tls_verification.h"

namespace sekisho::upstream {
namespace {

using Word = std::pair<std::string_view, TlsMode>;
constexpr std::array kTlsWords{
    Word{"never", TlsMode::never},       Word{"opportunistic", TlsMode::opportunistic},
    Word{"required", TlsMode::required}, Word{"verify", TlsMode::verify},
    Word{"implicit", TlsMode::implicit}, Word{"implicit-verify", TlsMode::implicit_verify},
};

// What may stand in a host name or an address; anything else could only fail later and less
// clearly.
bool is_host(std::string_view host) {
  if (IpAddress::parse(host)) return true;
  return host.size() <= 253 && std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

}  // namespace

std::string_view to_string(Protocol protocol) {
  return protocol == Protocol::lmtp ? "lmtp" : "smtp";
}

std::string_view to_string(TlsMode mode) {
  for (const auto& [word, value] : kTlsWords)
    if (value == mode) return word;
  return "unknown";
}

std::string_view UpstreamSettings::socket() const {
  const std::string_view path = host;
  return path.starts_with(kUnixPrefix) ? path.substr(kUnixPrefix.size()) : std::string_view();
}

std::string UpstreamSettings::place() const {
  if (!socket().empty()) return host;
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

void UpstreamSettings::check_place(SettingsVisitor& v) {
  if (host.starts_with(kUnixPrefix)) {
    if (!is_unix_socket_path(socket()))
      v.error("host",
              "a Unix socket is named by its whole path, of at most 107 bytes: "
              "unix:/run/dovecot/lmtp");
    if (v.is_set("port")) v.error("port", "has no meaning for a Unix socket: take it out");
    // Nobody listens in between, and few servers have a certificate for it.
    if (!v.is_set("tls")) tls = TlsMode::never;
    if (verifies(tls) && tls_name.empty() && tls_fingerprints.empty())
      v.error("tls_name",
              "a Unix socket has no name that a certificate could be for: say which one it must "
              "name, or take tls out");
    return;
  }
  if (host.empty())
    v.error("host", "an upstream needs a host: the name or address of the mail server");
  else if (!is_host(host))
    v.error("host",
            "this is not a host name or an IP address (a port has its own key, `port`), nor a Unix "
            "socket (unix:/PATH)");
  if (protocol == Protocol::lmtp && port == 25)
    v.error("port",
            "LMTP must not be spoken on port 25 (RFC 2033 section 5): set the port on which the "
            "server takes it, often 24");
}

void UpstreamSettings::visit(SettingsVisitor& v) {
  v.field("host", host,
          "Name or address of the mail server that gets the mail, or unix:/PATH of its socket.");
  v.field("port", port, "Its TCP port.", 1, 65535);
  v.choice("protocol", protocol, {{"smtp", Protocol::smtp}, {"lmtp", Protocol::lmtp}},
           "What it speaks: smtp, or lmtp (RFC 2033), as mail stores do: each recipient's mailbox "
           "then answers for itself after the message.");
  v.field("priority", priority,
          "Upstreams with a lower number are tried first; equal ones take turns.", 0, 1'000'000);
  v.field("weight", weight,
          "Its share among upstreams of equal priority: one with 3 gets three times the mail of "
          "one with 1.",
          1, 1000);
  v.choice("tls", tls, std::vector<Word>(kTlsWords.begin(), kTlsWords.end()),
           "How to encrypt (over a Unix socket by default not at all): never; opportunistic "
           "(STARTTLS when it works, else plain); required "
           "(STARTTLS, any certificate); verify (STARTTLS, certificate and name checked); implicit "
           "(TLS from the first byte, any certificate); implicit-verify (the same, checked).");
  v.field("tls_name", tls_name,
          "The name that the certificate must be for, and that is asked for; by default the host.");
  v.field("tls_ca_file", tls_ca_file,
          "PEM file with the authorities to trust; by default those of the system.");
  v.field("tls_fingerprints", tls_fingerprints,
          "SHA-256 fingerprints of its certificate, or of its public key. Where there are any, one "
          "of them is what is verified, and no authority, name or date.");
  v.field("tls_certificate", tls_certificate,
          "PEM file with the certificate, and the chain to its authority, that is shown to an "
          "upstream that asks for one. Read again when it changes.");
  v.field("tls_key", tls_key, "PEM file with its private key.");
  v.field("max_connections", max_connections,
          "Connections to this upstream at the same time, over all threads.", 1, 100'000);
  v.field("max_messages", max_messages,
          "Messages sent over one connection before it is closed. Each connection ends somewhat "
          "below this and below max_age, so that they don't all end at once.",
          1, 1'000'000);
  v.field("max_age", max_age,
          "How long one connection is used; then it is closed once its message is over, and new "
          "mail goes where the name points to by then.");
  v.field("idle", idle, "How long an unused connection is kept open.");
  v.field("connect_timeout", connect_timeout,
          "Time to connect to one address, and time for one TLS handshake.");
  v.field("greeting_timeout", greeting_timeout, "Time for the upstream's greeting.");
  v.field("command_timeout", command_timeout, "Time for the reply to one command.");
  v.field("data_timeout", data_timeout, "Time for one block of the message to be taken.");
  v.field("final_timeout", final_timeout,
          "Time for the reply after the message; shorter than the 10 minutes a client waits.");
  v.field("breaker_failures", breaker_failures,
          "After so many failed connections in a row the upstream is skipped.", 1, 1'000'000);
  v.field("breaker_pause", breaker_pause,
          "How long a skipped upstream is left alone before one connection is tried.");

  v.field(
      "health_check", health_check,
      "An upstream that carried no mail for so long is asked whether it is well: by a new "
      "connection, as far as EHLO, TLS and the log-in, and QUIT. Once at the start, too, so that "
      "our own EHLO can tell what it offers. 0s: never.");
  v.field("health_timeout", health_timeout,
          "Time for one such check; more than the upstream lets its clients wait for a greeting.");
  v.field("health_failures", health_failures,
          "After so many failed checks in a row the upstream is skipped.", 1, 1000);
  v.field("health_successes", health_successes,
          "After so many good checks in a row a skipped upstream is used again.", 1, 1000);

  v.choice(
      "forward_client", forward_client,
      {{"none", ForwardClient::none},
       {"xforward", ForwardClient::xforward},
       {"proxy", ForwardClient::proxy},
       {"xclient", ForwardClient::xclient}},
      "What the upstream is told of the client: none; xforward (where it offers XFORWARD, as "
      "Postfix does to those in its smtpd_authorized_xforward_hosts: address, HELO name and "
      "our id, for its log); proxy (a PROXY header, version 2, in front of each connection, which "
      "is then for one client; and xforward besides); xclient (by XCLIENT, so that the upstream's "
      "own rules look at "
      "the client and not at the gateway; mail that can't be told of is not sent on; and "
      "xforward besides).");
  v.field("forward_login", forward_login,
          "Tell in XCLIENT also the name that the client has logged in with: the upstream then "
          "takes it for logged in.");
  v.table("auth", "How we log in to this upstream.",
          [this](SettingsVisitor& t) { login.visit(t); });

  check_place(v);
  if (!tls_name.empty() && !is_host(tls_name)) v.error("tls_name", "this is not a host name");
  if (!tls_name.empty() && tls == TlsMode::never)
    v.error("tls_name", "has no meaning with tls = \"never\"");
  if (!tls_ca_file.empty() && !verifies(tls))
    v.error("tls_ca_file",
            "is only used when certificates are verified: set tls = \"verify\" or "
            "\"implicit-verify\"");
  if (!tls_fingerprints.empty()) {
    if (!verifies(tls))
      v.error("tls_fingerprints",
              "are only used when certificates are verified: set tls = \"verify\" or "
              "\"implicit-verify\"");
    else if (!tls_ca_file.empty())
      v.error("tls_fingerprints", "take the place of authorities: leave tls_ca_file out");
    if (const auto parsed = ByFingerprint::parse(tls_fingerprints); !parsed)
      v.error("tls_fingerprints", parsed.error().text);
  }
  if (tls_certificate.empty() != tls_key.empty())
    v.error(tls_key.empty() ? "tls_certificate" : "tls_key",
            "certificate and key go together: set both tls_certificate and tls_key");
  if (!tls_certificate.empty() && tls == TlsMode::never)
    v.error("tls_certificate", "has no meaning with tls = \"never\"");
  if (login.wanted() && !login.in_clear && (tls == TlsMode::never || tls == TlsMode::opportunistic))
    v.error("auth",
            "a log-in needs a connection that is encrypted for certain: set tls = \"verify\" or "
            "another that is neither never nor opportunistic (or in_clear = true)");
  if (forward_login && forward_client != ForwardClient::xclient)
    v.error("forward_login", "is told by XCLIENT: set forward_client = \"xclient\"");
  if (login.wanted() && forward_client == ForwardClient::xclient)
    v.error("forward_client",
            "XCLIENT undoes a log-in at the upstream: let it trust the gateway's address and leave "
            "`auth` out, or take \"xforward\"");
  if (final_timeout >= std::chrono::minutes(10))
    v.error("final_timeout",
            "must be below 10m: the client gives up then (RFC 5321 section 4.5.3.2.6) and would "
            "send the message a second time");
  const std::initializer_list<std::pair<std::string_view, std::chrono::milliseconds>> waits{
      {"max_age", max_age},
      {"health_timeout", health_timeout},
      {"connect_timeout", connect_timeout},
      {"greeting_timeout", greeting_timeout},
      {"command_timeout", command_timeout},
      {"data_timeout", data_timeout},
      {"final_timeout", final_timeout}};
  for (const auto& [key, wait] : waits)
    if (wait <= std::chrono::milliseconds::zero()) v.error(key, "must be more than 0");
}

}  // namespace sekisho::upstream
