// TlsContext: an OpenSSL SSL_CTX with our settings (TLS 1.2+, Mozilla intermediate, no
// renegotiation, no compression). Immutable after creation, shared by all loops.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "gateway/base/error.h"

namespace sekisho {

// What a server asks of its clients. No handshake fails for a client's certificate or for the want
// of one: TlsInfo tells what was shown, and whether it was verified.
struct ClientCheck {
  bool ask = false;
  std::filesystem::path authorities;  // PEM; empty: nothing is verified
};

class TlsContext {
 public:
  // A server's context from a PEM chain and its key. Refuses a pair that doesn't match.
  static Result<std::shared_ptr<const TlsContext>> server(const std::filesystem::path& certificate,
                                                          const std::filesystem::path& key,
                                                          const ClientCheck& clients);
  static Result<std::shared_ptr<const TlsContext>> server(const std::filesystem::path& certificate,
                                                          const std::filesystem::path& key) {
    return server(certificate, key, {});
  }
  // A client's context. With `verify`, the peer must show a chain to `ca_file` (system store when
  // empty) and the name given to start_tls(); else any certificate will do.
  static Result<std::shared_ptr<const TlsContext>> client(bool verify,
                                                          const std::filesystem::path& ca_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] SSL_CTX* native() const { return context_; }
  [[nodiscard]] bool is_server() const { return is_server_; }
  [[nodiscard]] bool verifies() const { return verifies_; }

 private:
  TlsContext(SSL_CTX* context, bool is_server, bool verifies)
      : context_(context), is_server_(is_server), verifies_(verifies) {}
  SSL_CTX* context_;
  bool is_server_;
  bool verifies_;
};

// All pending OpenSSL errors of this thread as one text, and clears them.
std::string take_tls_errors();

}  // namespace sekisho
