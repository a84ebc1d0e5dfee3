// TlsContext: an OpenSSL SSL_CTX with our settings (TLS 1.2+, Mozilla intermediate, no
// renegotiation, no compression). Immutable after creation, shared by all loops; the certificates
// that a server shows may change beneath it (tls_certificates.h).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "gateway/base/error.h"
#include "gateway/net/tls_certificates.h"
#include "gateway/net/tls_sessions.h"
#include "gateway/net/tls_tickets.h"
#include "gateway/net/tls_verification.h"

namespace sekisho {

// What a server asks of its clients. No handshake fails for a client's certificate or for the want
// of one: TlsInfo tells what was shown, and whether it was verified.
struct ClientCheck {
  bool ask = false;
  std::filesystem::path authorities;  // PEM; empty: nothing is verified
};

struct TlsServer {
  std::shared_ptr<const TlsCertificates> certificates;
  std::shared_ptr<TicketKeys> tickets = nullptr;  // null: sessions are not resumed
  ClientCheck clients{};
  bool obsolete_clients = false;  // TLS 1.0 and 1.1 as well, with what they need of old algorithms
};

// What a client makes sure of, and what it shows of itself.
struct TlsClient {
  TlsVerification verification{};
  std::shared_ptr<const TlsCertificates> certificates = nullptr;  // where the server asks for one
};

class TlsContext {
 public:
  static Result<std::shared_ptr<const TlsContext>> server(TlsServer server);
  // The same with one pair of a PEM chain and its key, which must fit.
  static Result<std::shared_ptr<const TlsContext>> server(const std::filesystem::path& certificate,
                                                          const std::filesystem::path& key);
  // A client's context, which resumes its sessions.
  static Result<std::shared_ptr<const TlsContext>> client(TlsClient client);
  // The same by authorities (those of the system when empty), or with any certificate.
  static Result<std::shared_ptr<const TlsContext>> client(bool verify,
                                                          const std::filesystem::path& ca_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] SSL_CTX* native() const { return context_; }
  [[nodiscard]] bool is_server() const { return is_server_; }
  [[nodiscard]] bool verifies() const { return verifies_; }
  // Of a client; null on the server side.
  [[nodiscard]] TlsSessions* sessions() const { return sessions_.get(); }

 private:
  TlsContext(SSL_CTX* context, bool is_server, bool verifies)
      : context_(context), is_server_(is_server), verifies_(verifies) {}
  SSL_CTX* context_;
  TlsServer server_;  // what the context points to
  TlsClient client_;
  std::unique_ptr<TlsSessions> sessions_;
  bool is_server_;
  bool verifies_;
};

}  // namespace sekisho
