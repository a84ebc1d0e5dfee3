// Envelope: who sends to whom (RFC 5321), as the session accepted it and as filters see it. The
// right to relay is not in it: grants stay in the Transaction, where filters can't reach.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/peer_certificate.h"
#include "gateway/base/time.h"
#include "gateway/smtp/address.h"
#include "gateway/smtp/command.h"

namespace sekisho::mail {

struct Peer;

struct Envelope {
  std::string id;                // "<session>.<n>", ours
  const Peer* client = nullptr;  // whose mail it is; outlives this. Null: nobody's (in tests)
  std::optional<smtp::Mailbox> sender;  // none: the null reverse-path
  smtp::MailParameters parameters;
  // From a client that may relay because of who it is: it logged in, or is in a named network.
  bool submitted = false;
  std::vector<smtp::Mailbox> recipients;  // accepted by us and by the upstream, in order

  [[nodiscard]] std::string sender_text() const { return sender ? sender->to_string() : ""; }
};

// The client of a session, as filters, the relay gate and Received see it.
struct Peer {
  Endpoint remote;  // unspecified: it came by a Unix socket
  Endpoint local;
  std::optional<Endpoint> proxy;  // who told us that `remote` is the client; none: we see it
  bool address_known = true;      // false: no right hangs on `remote`: a proxy's own, which
                                  // told no client's, or none
  std::string listener;           // its name in the configuration
  std::string session_id;
  std::string name;         // of its address, as a proxy told it; empty: none, or none told
  std::string helo;         // as given; encode before writing it anywhere
  bool extended = false;    // EHLO or LHLO
  bool lmtp = false;        // the listener speaks LMTP
  std::string tls_version;  // empty: plain
  std::string tls_cipher;
  std::shared_ptr<const PeerCertificate> certificate;  // null: none asked for, or none sent
  std::string user;                                    // authenticated identity; empty: none
  std::string auth_method;                             // how it logged in: "SCRAM-SHA-256"
  std::int64_t auth_failures = 0;                      // log-ins that failed in this session
  bool in_trusted_network = false;                     // relay.networks
  bool is_listed_device = false;                       // of this legacy listener

  [[nodiscard]] bool authenticated() const { return !user.empty(); }
  // One of ours by its address: no stranger whose sender would have to be checked.
  [[nodiscard]] bool is_internal() const { return in_trusted_network || is_listed_device; }
  // Then neither `remote` nor `local` says anything.
  [[nodiscard]] bool by_unix_socket() const { return remote.address.is_unspecified(); }
  // What limits count as one client: an IPv4 address, an IPv6 /64, all who come by one Unix socket.
  [[nodiscard]] std::string client_name() const {
    return by_unix_socket() ? "unix:" + listener : remote.address.client_key().to_string();
  }
};

}  // namespace sekisho::mail
