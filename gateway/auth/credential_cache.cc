#include "gateway/auth/credential_cache.h"

#include <cerrno>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sekisho::auth {
namespace {

constexpr int kKeyBytes = 32;

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// Fetching an algorithm costs more than the HMAC itself.
EVP_MAC* hmac() {
  static const std::unique_ptr<EVP_MAC, FreeMac> fetched(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  return fetched.get();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

CredentialCache::CredentialCache(Duration keep, std::size_t max_entries)
    : keep_(keep), entries_(max_entries) {
  usable_ = make_key();
}

Result<void> CredentialCache::make_key() {
  page_bytes_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* page =
      mmap(nullptr, page_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    return std::unexpected(system_error(ErrorKind::io, "cannot map a page for a key", errno));
  }
  const bool locked =
      mlock(page, page_bytes_) == 0 && madvise(page, page_bytes_, MADV_DONTDUMP) == 0;
  const int why = errno;
  if (!locked || RAND_priv_bytes(static_cast<unsigned char*>(page), kKeyBytes) != 1) {
    munmap(page, page_bytes_);
    if (locked) return fail(ErrorKind::io, "no random bytes for a key");
    return std::unexpected(system_error(ErrorKind::io, "cannot lock a page for a key", why));
  }
  key_ = static_cast<unsigned char*>(page);
  return {};
}

CredentialCache::~CredentialCache() {
  if (key_ == nullptr) return;
  OPENSSL_cleanse(key_, page_bytes_);
  munmap(key_, page_bytes_);
}

bool CredentialCache::mac(std::string_view user, const Secret& password, Mac& out) const {
  if (key_ == nullptr || hmac() == nullptr) return false;
  const std::unique_ptr<EVP_MAC_CTX, FreeMac> context(EVP_MAC_CTX_new(hmac()));
  if (context == nullptr) return false;
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                             OSSL_PARAM_construct_end()};
  static constexpr unsigned char kSeparator = 0;  // user names hold no NUL
  const std::string_view secret = password.reveal();
  std::size_t written = 0;
  return EVP_MAC_init(context.get(), key_, kKeyBytes, parameters.data()) == 1 &&
         EVP_MAC_update(context.get(), bytes_of(user), user.size()) == 1 &&
         EVP_MAC_update(context.get(), &kSeparator, 1) == 1 &&
         EVP_MAC_update(context.get(), bytes_of(secret), secret.size()) == 1 &&
         EVP_MAC_final(context.get(), out.data(), &written, out.size()) == 1 &&
         written == out.size();
}

bool CredentialCache::knows(std::string_view user, const Secret& password, std::uint64_t generation,
                            TimePoint now) {
  Mac asked;
  if (keep_ <= Duration::zero() || !mac(user, password, asked)) return false;
  const std::string key(user);
  const std::lock_guard lock(mutex_);
  const Entry* entry = entries_.find(key);
  if (entry == nullptr) return false;
  if (entry->generation != generation || now >= entry->expires) {
    entries_.erase(key);
    return false;
  }
  return CRYPTO_memcmp(entry->mac.data(), asked.data(), asked.size()) == 0;
}

void CredentialCache::remember(std::string_view user, const Secret& password,
                               std::uint64_t generation, TimePoint now) {
  Mac made;
  if (keep_ <= Duration::zero() || !mac(user, password, made)) return;
  const std::lock_guard lock(mutex_);
  // All are kept equally long, so the oldest are the first to expire.
  entries_.drop_while([now](const Entry& entry) { return now >= entry.expires; });
  entries_.renew(std::string(user)) = Entry{made, generation, now + keep_};
}

}  // namespace sekisho::auth
