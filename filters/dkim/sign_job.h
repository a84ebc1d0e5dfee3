// The signatures themselves: a job of the signer processes, which alone hold the private keys. The
// gateway has their public halves, names a key by its fingerprint, and looks whether the signature
// that comes back is one.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "filters/dkim/key.h"
#include "filters/filter.h"

namespace sekisho::dkim {

inline constexpr worker::JobKind kSignJob{"dkim_sign", worker::Pool::signer};

// SHA-256 of the public half.
std::string fingerprint(const PublicKey& key);

// What tells the signer processes to hold the private half of `key`.
inline constexpr std::string_view kKeyItem = "dkim_key";
worker::SetupItem key_item(const std::filesystem::path& file, const PublicKey& key);

// The signer process's half.
class KeyRing {
 public:
  // By the content of a key_item().
  Result<void> add(std::string_view item);
  // The handler: fingerprint and digest in, signature out.
  [[nodiscard]] Result<std::string> sign(std::string_view input) const;

 private:
  std::map<std::string, SigningKey, std::less<>> keys_;  // by fingerprint
  std::string problems_;
};

// The gateway's half: the signature of `digest` (SHA-256). ErrorKind::protocol: the signer gave
// none.
Task<Result<std::string>> sign_by_worker(const filters::SessionContext& context,
                                         const PublicKey& key, std::string digest,
                                         std::string log_id);

}  // namespace sekisho::dkim
