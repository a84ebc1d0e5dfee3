#include "tests/support/test_certificate.h"

#include <atomic>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gateway/base/ip.h"

namespace sekisho::test {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

void require(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(std::string("OpenSSL refused: ") + what);
}

Key make_key(bool rsa) {
  std::string curve = "P-256";  // OpenSSL's macros want a char* and a size_t where they say so
  Key key(rsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
              : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.data()));
  require(key != nullptr, "key generation");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

Certificate make_certificate(const std::string& common_name, EVP_PKEY* key,
                             const TestCertificate::Options& options) {
  static std::atomic<long> serial{1};
  Certificate certificate(X509_new());
  require(certificate != nullptr, "X509_new");
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.valid_from.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.valid_until.count());
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const std::vector<unsigned char> bytes(common_name.begin(), common_name.end());
  require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes.data(),
                                     static_cast<int>(bytes.size()), -1, 0) == 1,
          "common name");
  return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "signing");
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(length)};
}

std::string pem(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate) == 1, "PEM certificate");
  return text_of(memory.get());
}

std::string pem(EVP_PKEY* key, const std::string& password) {
  const Memory memory(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_128_cbc();
  require(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, cipher, password.data(),
                                        static_cast<int>(password.size()), nullptr, nullptr) == 1,
          "PEM key");
  return text_of(memory.get());
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    const bool mail = name.contains('@');
    text += (mail ? "email:" : IpAddress::parse(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

}  // namespace

TestCertificate::TestCertificate(const std::vector<std::string>& names, const Options& options) {
  const Key ca_key = make_key(false);
  const Certificate ca = make_certificate("Sekisho test authority", ca_key.get(), Options{});
  add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  sign(ca.get(), ca.get(), ca_key.get());

  const Key key = make_key(options.rsa);
  const Certificate server =
      make_certificate(names.empty() ? "no name" : names.front(), key.get(), options);
  if (!names.empty()) {
    add_extension(server.get(), ca.get(), NID_subject_alt_name, alternative_names(names));
  }
  add_extension(server.get(), ca.get(), NID_ext_key_usage, options.usage);
  sign(server.get(), ca.get(), ca_key.get());

  static_cast<void>(folder_.write("ca.pem", pem(ca.get())));
  static_cast<void>(folder_.write("server.pem", pem(server.get()) + pem(ca.get())));
  static_cast<void>(folder_.write("server.key", pem(key.get(), options.key_password)));
}

}  // namespace sekisho::test
