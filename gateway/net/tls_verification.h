// How a TLS client makes sure who its peer is: one of these for a context. Plain values.
//
// DANE (RFC 7672) will be a fourth. Its TLSA records come from a validating resolver with the
// peer's address, so they belong to a connection, not to a context: the alternative here will say
// that they are demanded, TlsChannel::create() will get them (SSL_dane_tlsa_add), and a context
// that demands them will refuse a handshake without any.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "gateway/base/error.h"

namespace sekisho {

// Encrypted, but to whom is not known.
struct AnyCertificate {};

// A chain to one of these, and the name given to start_tls().
struct ByAuthorities {
  std::filesystem::path file;  // PEM; empty: those of the system
};

// The certificate, or its public key, is one of these; name, term and issuer count for nothing.
class ByFingerprint {
 public:
  // SHA-256, 64 hex digits, with or without a colon between the bytes; at least one.
  static Result<ByFingerprint> parse(const std::vector<std::string>& fingerprints);
  [[nodiscard]] bool accepts(const X509* certificate) const;
  // Has `context` take these certificates and no others. This must outlive it. Where a connection's
  // SSL_get_app_data() is a std::string, it gets the fingerprint of a certificate that is refused.
  void install(SSL_CTX* context) const;

 private:
  static int verify(X509_STORE_CTX* store, void* pinned);
  std::vector<std::string> digests_;  // lower case, no colons
};

using TlsVerification = std::variant<AnyCertificate, ByAuthorities, ByFingerprint>;

}  // namespace sekisho
