#include "gateway/net/tls_pair.h"

#include <algorithm>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/net/tls_peer_certificate.h"

namespace sekisho {
namespace {

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names = describe_certificate(certificate, X509_V_OK).dns_names;
  if (names.empty()) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) {
      const ASN1_STRING* name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
      const unsigned char* bytes = ASN1_STRING_get0_data(name);
      names.emplace_back(bytes, bytes + ASN1_STRING_length(name));
    }
  }
  for (std::string& name : names) name = to_lower(name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace

TlsPair::TlsPair(std::vector<Certificate> certificates, PrivateKey key)
    : certificates_(std::move(certificates)),
      key_(std::move(key)),
      names_(names_of(certificates_.front().get())) {}

Result<std::shared_ptr<const TlsPair>> TlsPair::load(const TlsPairFiles& files) {
  auto certificates = read_certificates(files.certificate);
  if (!certificates) return std::unexpected(std::move(certificates.error()));
  auto key = read_private_key(files.key);
  if (!key) return std::unexpected(std::move(key.error()));
  if (X509_check_private_key(certificates->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the private key " + files.key.string() +
                                        " does not belong to the certificate " +
                                        files.certificate.string());
  }
  const std::shared_ptr<const TlsPair> pair(new TlsPair(std::move(*certificates), std::move(*key)));
  // What a handshake would refuse is told now.
  const NativeContext rehearsal(SSL_CTX_new(TLS_method()));
  if (!rehearsal || !pair->install(rehearsal.get())) {
    return refused_by_tls("cannot use the certificate " + files.certificate.string());
  }
  return pair;
}

bool TlsPair::equals(const TlsPair& other) const {
  return std::ranges::equal(certificates_, other.certificates_, [](const auto& a, const auto& b) {
    return X509_cmp(a.get(), b.get()) == 0;
  });
}

TlsPair::Chain TlsPair::chain() const {
  STACK_OF(X509)* const others = sk_X509_new_null();
  for (std::size_t i = 1; i < certificates_.size(); ++i) {
    sk_X509_push(others, certificates_[i].get());
  }
  return {others};
}

bool TlsPair::install(SSL* target) const {
  const Chain others = chain();
  return SSL_use_cert_and_key(target, certificates_.front().get(), key_.get(), others.certificates,
                              1) == 1;
}

bool TlsPair::install(SSL_CTX* target) const {
  const Chain others = chain();
  return SSL_CTX_use_cert_and_key(target, certificates_.front().get(), key_.get(),
                                  others.certificates, 1) == 1;
}

}  // namespace sekisho
