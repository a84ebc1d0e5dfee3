// PEM files for TLS: certificates and private keys, and OpenSSL's objects with owners. Each error
// is `invalid` and names the file. Reads files: not on a loop.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "gateway/base/error.h"

namespace sekisho {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using NativeContext = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;

// All pending OpenSSL errors of this thread as one text, and clears them.
std::string take_tls_errors();
// "`what`: …", with what OpenSSL has to say.
std::unexpected<Error> refused_by_tls(const std::string& what);

// The one without a password: a daemon has nobody to ask.
Result<PrivateKey> read_private_key(const std::filesystem::path& file);
// All certificates of a file, at least one. One that breaks off in the middle refuses the file.
Result<std::vector<Certificate>> read_certificates(const std::filesystem::path& file);
// Adds the file's certificates to those that `context` trusts.
Result<void> trust_authorities(SSL_CTX* context, const std::filesystem::path& file);

}  // namespace sekisho
