#include "gateway/net/tls_context.h"

#include <string>
#include <utility>

#include <openssl/err.h>

#include "gateway/net/tls_pem.h"

namespace sekisho {
namespace {

// Mozilla's "intermediate" list without its DHE suites: a finite-field key exchange costs the
// server ten times what it costs the client that asks for it (D(HE)at, CVE-2002-20001).
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// Besides what such clients have. TLS 1.0 signs with MD5 and SHA-1, which OpenSSL allows at level 0
// alone.
constexpr const char* kObsoleteCiphers = "DEFAULT:!DHE:!PSK:!SRP:@SECLEVEL=0";
constexpr std::string_view kGroups = "X25519:P-256:P-384";

Result<NativeContext> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  NativeContext context(SSL_CTX_new(method));
  if (!context) return refused_by_tls("cannot set up TLS");
  SSL_CTX* ctx = context.get();
  std::string groups(kGroups);  // OpenSSL's macro wants a char* that it does not change
  if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, kCiphers) != 1 ||
      SSL_CTX_set1_groups_list(ctx, groups.data()) != 1) {
    return refused_by_tls("cannot set up TLS");
  }
  // A peer that leaves without close_notify is at its end, not an error: SMTP frames itself, so
  // nothing can be cut short unnoticed.
  SSL_CTX_set_options(
      ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection gives its 2 × 17 KB of record buffers back.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(ctx, 1);  // one recv() a record instead of two
  // A server has no cache of sessions: tickets carry them.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  return context;
}

Result<void> ask_clients(SSL_CTX* ctx, const ClientCheck& clients) {
  if (!clients.ask) return {};
  // Whatever the verdict, the handshake goes on; the verdict stays in SSL_get_verify_result().
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  if (clients.authorities.empty()) return {};
  if (auto loaded = trust_authorities(ctx, clients.authorities); !loaded) return loaded;
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(clients.authorities.c_str());
  if (names == nullptr)
    return refused_by_tls("no usable certificate in " + clients.authorities.string());
  SSL_CTX_set_client_CA_list(ctx, names);
  return {};
}

Result<void> verify_server(SSL_CTX* ctx, const TlsVerification& how) {
  if (const auto* const pinned = std::get_if<ByFingerprint>(&how)) {
    pinned->install(ctx);
    return {};
  }
  const auto* const authorities = std::get_if<ByAuthorities>(&how);
  SSL_CTX_set_verify(ctx, authorities != nullptr ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (authorities == nullptr) return {};
  if (!authorities->file.empty()) return trust_authorities(ctx, authorities->file);
  if (SSL_CTX_set_default_verify_paths(ctx) != 1)
    return refused_by_tls("cannot use the system's certificate store");
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::server(TlsServer server) {
  auto made = make_context(TLS_server_method());
  if (!made) return std::unexpected(std::move(made.error()));
  SSL_CTX* ctx = made->get();
  if (server.obsolete_clients && (SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1 ||
                                  SSL_CTX_set_cipher_list(ctx, kObsoleteCiphers) != 1))
    return refused_by_tls("cannot set up TLS 1.0");
  // The chain is what the file holds; nothing is looked for among the clients' authorities.
  SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
  server.certificates->install(ctx);
  // A resumed session would carry a verdict over a client of long ago: let each be reached anew.
  const bool resumable = server.tickets != nullptr && !server.clients.ask;
  SSL_CTX_set_num_tickets(ctx, resumable ? 1 : 0);
  if (!resumable) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  } else if (!server.tickets->install(ctx)) {
    return refused_by_tls("cannot set up session tickets");
  }
  if (auto asked = ask_clients(ctx, server.clients); !asked) {
    return std::unexpected(std::move(asked.error()));
  }
  std::shared_ptr<TlsContext> context(new TlsContext(made->release(), true, false));
  context->server_ = std::move(server);
  return context;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(
    const std::filesystem::path& certificate, const std::filesystem::path& key) {
  auto certificates = TlsCertificates::open({.pairs = {{certificate, key}}});
  if (!certificates) return std::unexpected(std::move(certificates.error()));
  return server({.certificates = std::move(*certificates),
                 .tickets = std::make_shared<TicketKeys>(std::chrono::hours(12))});
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(TlsClient client) {
  auto made = make_context(TLS_client_method());
  if (!made) return std::unexpected(std::move(made.error()));
  SSL_CTX* ctx = made->get();
  const bool verifies = !std::holds_alternative<AnyCertificate>(client.verification);
  std::shared_ptr<TlsContext> context(new TlsContext(made->release(), false, verifies));
  context->client_ = std::move(client);
  if (auto set = verify_server(ctx, context->client_.verification); !set)
    return std::unexpected(std::move(set.error()));
  if (context->client_.certificates) context->client_.certificates->install(ctx);
  context->sessions_ = std::make_unique<TlsSessions>();
  context->sessions_->install(ctx);
  return context;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(bool verify,
                                                             const std::filesystem::path& ca_file) {
  TlsClient made;
  if (verify) made.verification = ByAuthorities{ca_file};
  return client(std::move(made));
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace sekisho
