// From OpenSSL's X509 to PeerCertificate. Names that hold anything but visible ASCII (a NUL, say,
// that hides the rest from one reader and not from another) are left out. Any thread.
#pragma once

#include <string>

#include <openssl/x509.h>

#include "gateway/base/peer_certificate.h"

namespace sekisho {

// `verify_result` is SSL_get_verify_result(). An anonymous subject is an empty text.
PeerCertificate describe_certificate(X509* certificate, long verify_result);

// SHA-256 of the certificate's DER bytes as 64 hex digits; empty when OpenSSL can't.
std::string certificate_fingerprint(const X509* certificate);

// The same of its public key (SubjectPublicKeyInfo), which outlives a renewal that keeps the key.
std::string public_key_fingerprint(const X509* certificate);

}  // namespace sekisho
