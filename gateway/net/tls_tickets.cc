#include "gateway/net/tls_tickets.h"

#include <algorithm>
#include <string>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace sekisho {
namespace {

// RFC 8446 section 4.6.1: not more than seven days.
constexpr std::chrono::seconds kLongestTicket = std::chrono::days(7);

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::optional<TicketKey> make_key() {
  TicketKey key;
  const auto fill = [](auto& bytes) {
    return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
  };
  if (!fill(key.name) || !fill(key.cipher) || !fill(key.mac)) return std::nullopt;
  return key;
}

void forget(std::optional<TicketKey>& key) {
  if (key) OPENSSL_cleanse(&*key, sizeof(*key));
  key.reset();
}

}  // namespace

TicketKeys::TicketKeys(Duration rotation, TimePoint now) : rotation_(rotation), begun_(now) {}

TicketKeys::~TicketKeys() {
  forget(current_);
  forget(previous_);
}

void TicketKeys::rotate(TimePoint now) {
  const std::int64_t period = std::max<std::int64_t>((now - begun_) / rotation_, period_);
  if (period == period_) return;
  forget(previous_);
  if (period == period_ + 1) previous_ = current_;
  forget(current_);
  current_ = make_key();
  period_ = period;
}

std::optional<TicketKey> TicketKeys::current(TimePoint now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return current_;
}

std::optional<TicketKey> TicketKeys::find(std::span<const unsigned char, 16> name, TimePoint now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  for (const auto& key : {&current_, &previous_})
    if (*key && std::ranges::equal((*key)->name, name)) return *key;
  return std::nullopt;
}

bool TicketKeys::install(SSL_CTX* context) {
  const auto lifetime = std::min<std::chrono::seconds>(
      std::chrono::duration_cast<std::chrono::seconds>(2 * rotation_), kLongestTicket);
  SSL_CTX_set_timeout(context, lifetime.count());
  return SSL_CTX_set_ex_data(context, context_index(), this) == 1 &&
         SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &TicketKeys::serve) == 1;
}

// As SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 fails the handshake, 0 goes on without the ticket,
// 1 takes it, 2 takes it and sends a new one.
int TicketKeys::serve(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac, int sealing) {
  auto* const keys =
      static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  const TimePoint now = Clock::now();
  auto newest = keys->current(now);
  auto key = newest;
  if (sealing == 0) key = keys->find(std::span<const unsigned char, 16>(name, 16), now);
  const bool is_newest = key && newest && key->name == newest->name;
  forget(newest);
  if (!key) return 0;
  std::string digest = "SHA256";
  const std::array parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac.data(), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  bool done = EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  if (sealing != 0) {
    std::ranges::copy(key->name, name);
    const int size = EVP_CIPHER_get_iv_length(EVP_aes_256_cbc());
    done = done && RAND_bytes(iv, size) == 1 &&
           EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), key->cipher.data(), iv, nullptr) == 1;
  } else {
    done = done &&
           EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), key->cipher.data(), iv, nullptr) == 1;
  }
  forget(key);
  if (!done) return sealing != 0 ? -1 : 0;
  return sealing != 0 || is_newest ? 1 : 2;
}

}  // namespace sekisho
