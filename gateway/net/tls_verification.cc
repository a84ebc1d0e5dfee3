#include "gateway/net/tls_verification.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/net/tls_peer_certificate.h"

namespace sekisho {
namespace {

constexpr std::size_t kDigits = 64;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// "AB:CD:…" to "abcd…"; empty when it is no SHA-256. Colons stand between bytes or nowhere.
std::string digits_of(std::string_view text) {
  const std::string lower = to_lower(text);
  std::string digits;
  const bool colons = lower.find(':') != std::string::npos;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const bool between = colons && i % 3 == 2;
    if (between ? lower[i] != ':' : !is_hex(lower[i])) return {};
    if (!between) digits += lower[i];
  }
  const bool whole = lower.size() == (colons ? kDigits / 2 * 3 - 1 : kDigits);
  return whole ? digits : std::string();
}

}  // namespace

Result<ByFingerprint> ByFingerprint::parse(const std::vector<std::string>& fingerprints) {
  ByFingerprint made;
  for (const std::string& each : fingerprints) {
    made.digests_.push_back(digits_of(each));
    if (made.digests_.back().empty())
      return fail(ErrorKind::invalid,
                  fmt::format("\"{}\" is no SHA-256 fingerprint: 64 hex digits, as `openssl x509 "
                              "-fingerprint -sha256` prints them",
                              each));
  }
  if (made.digests_.empty()) return fail(ErrorKind::invalid, "no fingerprint is given");
  return made;
}

void ByFingerprint::install(SSL_CTX* context) const {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, &ByFingerprint::verify,
                                   const_cast<ByFingerprint*>(this));
}

// In place of all that OpenSSL looks at.
int ByFingerprint::verify(X509_STORE_CTX* store, void* pinned) {
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  try {
    const X509* const shown = X509_STORE_CTX_get0_cert(store);
    if (shown == nullptr) return 0;
    if (static_cast<const ByFingerprint*>(pinned)->accepts(shown)) {
      X509_STORE_CTX_set_error(store, X509_V_OK);
      return 1;
    }
    const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
    const auto* const ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, index));
    if (auto* const refused = static_cast<std::string*>(SSL_get_app_data(ssl)))
      *refused = certificate_fingerprint(shown);
  } catch (const std::exception&) {  // no memory: refused
  }
  return 0;
}

bool ByFingerprint::accepts(const X509* certificate) const {
  const auto known = [this](const std::string& digest) {
    return !digest.empty() && std::ranges::find(digests_, digest) != digests_.end();
  };
  return known(certificate_fingerprint(certificate)) || known(public_key_fingerprint(certificate));
}

}  // namespace sekisho
