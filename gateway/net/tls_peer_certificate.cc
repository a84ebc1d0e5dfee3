#include "gateway/net/tls_peer_certificate.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

namespace sekisho {
namespace {

constexpr std::size_t kMaxNames = 100;  // of each kind; real certificates have a handful

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string subject_of(const X509* certificate) {
  const std::unique_ptr<BIO, FreeBio> memory(BIO_new(BIO_s_mem()));
  if (!memory || X509_NAME_print_ex(memory.get(), X509_get_subject_name(certificate), 0,
                                    XN_FLAG_RFC2253) < 0) {
    return {};
  }
  char* data = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &data);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

// UTF8String and PrintableString both; one of two CNs would be a matter of taste.
std::string common_name_of(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return {};
  const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  const std::span bytes(ASN1_STRING_get0_data(value),
                        static_cast<std::size_t>(ASN1_STRING_length(value)));
  const bool printable =
      std::ranges::all_of(bytes, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  return printable ? std::string(bytes.begin(), bytes.end()) : std::string();
}

void add_name(const ASN1_IA5STRING* name, std::vector<std::string>& to) {
  const std::span bytes(ASN1_STRING_get0_data(name),
                        static_cast<std::size_t>(ASN1_STRING_length(name)));
  const bool visible =
      std::ranges::all_of(bytes, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (visible && !bytes.empty() && to.size() < kMaxNames)
    to.emplace_back(bytes.begin(), bytes.end());
}

std::string hex(std::span<const unsigned char> bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

}  // namespace

std::string certificate_fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return hex(std::span(digest).first(size));
}

std::string public_key_fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  const bool done = EVP_Digest(der, static_cast<std::size_t>(length), digest.data(), &size,
                               EVP_sha256(), nullptr) == 1;
  OPENSSL_free(der);
  return done ? hex(std::span(digest).first(size)) : std::string();
}

PeerCertificate describe_certificate(X509* certificate, long verify_result) {
  PeerCertificate peer;
  peer.verified = verify_result == X509_V_OK;
  if (!peer.verified) peer.problem = X509_verify_cert_error_string(verify_result);
  peer.fingerprint = certificate_fingerprint(certificate);
  peer.subject = subject_of(certificate);
  peer.common_name = common_name_of(certificate);
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_EMAIL) add_name(name->d.rfc822Name, peer.emails);
    if (name->type == GEN_DNS) add_name(name->d.dNSName, peer.dns_names);
  }
  return peer;
}

}  // namespace sekisho
