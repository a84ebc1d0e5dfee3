// TlsPair: a certificate with its chain and its private key, read from two PEM files that fit each
// other, and the names that it is for. Immutable; any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/net/tls_pem.h"

namespace sekisho {

struct TlsPairFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
  auto operator<=>(const TlsPairFiles&) const = default;
};

class TlsPair {
 public:
  // Refuses a key that belongs to another certificate, and what OpenSSL finds too weak.
  static Result<std::shared_ptr<const TlsPair>> load(const TlsPairFiles& files);

  // The dNSName entries of subjectAltName, else the common name; in lower case, "*.example.com" as
  // it stands, sorted.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  // Pairs of one kind take each other's place in a handshake: EVP_PKEY_RSA, EVP_PKEY_EC, …
  [[nodiscard]] int kind() const { return EVP_PKEY_get_base_id(key_.get()); }
  // The same certificates?
  [[nodiscard]] bool equals(const TlsPair& other) const;
  // Beside those of other kinds that `target` has already.
  [[nodiscard]] bool install(SSL* target) const;
  [[nodiscard]] bool install(SSL_CTX* target) const;

 private:
  struct Chain {
    STACK_OF(X509) * certificates;
    ~Chain() { sk_X509_free(certificates); }  // they belong to certificates_
  };
  TlsPair(std::vector<Certificate> certificates, PrivateKey key);
  [[nodiscard]] Chain chain() const;

  std::vector<Certificate> certificates_;  // the server's own, then those of its authorities
  PrivateKey key_;
  std::vector<std::string> names_;
};

}  // namespace sekisho
