#include "gateway/net/tls_context.h"

#include <cerrno>
#include <cstdio>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace sekisho {
namespace {

// Mozilla's "intermediate" list without its DHE suites: a finite-field key exchange costs the
// server ten times what it costs the client that asks for it (D(HE)at, CVE-2002-20001).
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::string_view kGroups = "X25519:P-256:P-384";

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;
using NativeContext = std::unique_ptr<SSL_CTX, FreeContext>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

std::unexpected<Error> refused(const std::string& what) {
  std::string reasons = take_tls_errors();
  return fail(ErrorKind::invalid, reasons.empty() ? what : what + ": " + reasons);
}

Result<File> open_file(std::string_view what, const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "re"));
  if (!file) {
    return std::unexpected(
        system_error(ErrorKind::invalid,
                     std::string("cannot open the ").append(what) + " " + path.string(), errno));
  }
  return file;
}

// Notes that a password would be needed and gives none: a daemon has nobody to ask.
int refuse_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<PrivateKey> read_key(const std::filesystem::path& path) {
  auto file = open_file("private key", path);
  if (!file) return std::unexpected(std::move(file.error()));
  bool encrypted = false;
  PrivateKey key(PEM_read_PrivateKey(file->get(), nullptr, &refuse_password, &encrypted));
  if (encrypted) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the private key " + path.string() +
                                        " is encrypted with a password; store it without one "
                                        "(openssl pkey -in OLD -out NEW) and protect the file");
  }
  if (!key) return refused("no usable private key in " + path.string());
  return key;
}

Result<NativeContext> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  NativeContext context(SSL_CTX_new(method));
  if (!context) return refused("cannot set up TLS");
  SSL_CTX* ctx = context.get();
  std::string groups(kGroups);  // OpenSSL's macro wants a char* that it does not change
  if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, kCiphers) != 1 ||
      SSL_CTX_set1_groups_list(ctx, groups.data()) != 1) {
    return refused("cannot set up TLS");
  }
  // A peer that leaves without close_notify is at its end, not an error: SMTP frames itself, so
  // nothing can be cut short unnoticed.
  SSL_CTX_set_options(
      ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection gives its 2 × 17 KB of record buffers back.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(ctx, 1);  // one recv() a record instead of two
  // No cache of sessions: tickets carry them, and a session shared between threads needs locks.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  return context;
}

Result<void> trust(SSL_CTX* ctx, const std::filesystem::path& authorities) {
  if (auto file = open_file("CA file", authorities); !file) {
    return std::unexpected(std::move(file.error()));
  }
  if (SSL_CTX_load_verify_file(ctx, authorities.c_str()) != 1) {
    return refused("no usable certificate in " + authorities.string());
  }
  return {};
}

Result<void> ask_clients(SSL_CTX* ctx, const ClientCheck& clients) {
  if (!clients.ask) return {};
  // Whatever the verdict, the handshake goes on; the verdict stays in SSL_get_verify_result().
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  // A resumed session would carry a verdict of long ago: let each be reached anew.
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(ctx, 0);
  if (clients.authorities.empty()) return {};
  if (auto loaded = trust(ctx, clients.authorities); !loaded) return loaded;
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(clients.authorities.c_str());
  if (names == nullptr) return refused("no usable certificate in " + clients.authorities.string());
  SSL_CTX_set_client_CA_list(ctx, names);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::server(
    const std::filesystem::path& certificate, const std::filesystem::path& key,
    const ClientCheck& clients) {
  auto made = make_context(TLS_server_method());
  if (!made) return std::unexpected(std::move(made.error()));
  SSL_CTX* ctx = made->get();
  SSL_CTX_set_num_tickets(ctx, 1);
  // The chain is what the file holds; nothing is looked for among the clients' authorities.
  SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);

  if (auto file = open_file("certificate", certificate); !file) {
    return std::unexpected(std::move(file.error()));
  }
  if (SSL_CTX_use_certificate_chain_file(ctx, certificate.c_str()) != 1) {
    return refused("no usable certificate in " + certificate.string());
  }
  auto private_key = read_key(key);
  if (!private_key) return std::unexpected(std::move(private_key.error()));
  if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), private_key->get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the private key " + key.string() +
                                        " does not belong to the certificate " +
                                        certificate.string());
  }
  if (SSL_CTX_use_PrivateKey(ctx, private_key->get()) != 1) {
    return refused("cannot use the private key " + key.string());
  }
  if (auto asked = ask_clients(ctx, clients); !asked) {
    return std::unexpected(std::move(asked.error()));
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(made->release(), true, false));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(bool verify,
                                                             const std::filesystem::path& ca_file) {
  auto made = make_context(TLS_client_method());
  if (!made) return std::unexpected(std::move(made.error()));
  SSL_CTX* ctx = made->get();
  if (verify) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
    if (ca_file.empty()) {
      if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
        return refused("cannot use the system's certificate store");
      }
    } else if (auto loaded = trust(ctx, ca_file); !loaded) {
      return std::unexpected(std::move(loaded.error()));
    }
  } else {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(made->release(), false, verify));
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::string take_tls_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? std::string(reason) : "error " + std::to_string(code);
  }
  return text;
}

}  // namespace sekisho
