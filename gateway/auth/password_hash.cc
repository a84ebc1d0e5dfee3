#include "gateway/auth/password_hash.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include <crypt.h>

namespace sekisho::auth {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

// The 32 KB that crypt_ra() works in: allocated by it, wiped and freed here.
class CryptMemory {
 public:
  CryptMemory() = default;
  CryptMemory(const CryptMemory&) = delete;
  CryptMemory& operator=(const CryptMemory&) = delete;
  ~CryptMemory() {
    if (memory_ == nullptr) return;
    wipe(static_cast<char*>(memory_), static_cast<std::size_t>(size_));
    std::free(memory_);
  }
  // Empty when crypt(3) refuses the setting or the password.
  std::string hash(const Secret& password, const std::string& setting) {
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): a Secret's bytes end with a NUL
    const char* made = crypt_ra(password.reveal().data(), setting.c_str(), &memory_, &size_);
    return made == nullptr || *made == '*' ? std::string() : std::string(made);
  }

 private:
  void* memory_ = nullptr;
  int size_ = 0;
};

// crypt(3) would read only up to a NUL, and a hash of nothing is no protection.
bool is_hashable(const Secret& password) {
  const std::string_view bytes = password.reveal();
  return !bytes.empty() && bytes.size() <= kMaxPasswordBytes &&
         bytes.find('\0') == std::string_view::npos;
}

bool is_hash_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '/';
}

}  // namespace

Result<std::string> hash_password(const Secret& password) {
  if (!is_hashable(password)) {
    return fail(ErrorKind::invalid, "a password has 1 to 511 bytes and no NUL");
  }
  const std::unique_ptr<char, Free> setting(crypt_gensalt_ra("$y$", 0, nullptr, 0));
  if (setting == nullptr) {
    return std::unexpected(system_error(ErrorKind::io, "cannot make a password salt", errno));
  }
  CryptMemory memory;
  std::string hash = memory.hash(password, setting.get());
  if (hash.empty()) {
    return std::unexpected(system_error(ErrorKind::io, "cannot hash the password", errno));
  }
  return hash;
}

bool verify_password(const Secret& password, const std::string& hash) {
  if (!is_hashable(password) || !is_usable_hash(hash)) return false;
  CryptMemory memory;
  std::string made = memory.hash(password, hash);
  const bool same = !made.empty() && equal_in_constant_time(made, hash);
  wipe(made);
  return same;
}

bool is_usable_hash(const std::string& hash) {
  if (!hash.starts_with('$') || hash.size() >= CRYPT_OUTPUT_SIZE) return false;
  if (!std::ranges::all_of(hash, [](char c) { return c > ' ' && c < 0x7F && c != ':'; })) {
    return false;
  }
  // A setting without its digest, or a digest that was cut, would just never match.
  constexpr std::size_t kShortestDigest = 22;  // md5crypt
  const std::string_view digest = std::string_view(hash).substr(hash.rfind('$') + 1);
  if (digest.size() < kShortestDigest || !std::ranges::all_of(digest, is_hash_character)) {
    return false;
  }
  const int salt = crypt_checksalt(hash.c_str());
  return salt == CRYPT_SALT_OK || salt == CRYPT_SALT_METHOD_LEGACY || salt == CRYPT_SALT_TOO_CHEAP;
}

std::string_view hash_method(const std::string& hash) {
  if (hash.starts_with('!') || hash.starts_with('*')) return "locked";
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kMethods{{
      {"$y$", "yescrypt"},
      {"$gy$", "gost-yescrypt"},
      {"$7$", "scrypt"},
      {"$2b$", "bcrypt"},
      {"$2a$", "bcrypt"},
      {"$2y$", "bcrypt"},
      {"$6$", "sha512"},
      {"$5$", "sha256"},
      {"$sha1$", "sha1"},
      {"$1$", "md5"},
      {"$3$", "nt"},
      {"$md5", "sunmd5"},
  }};
  for (const auto& [prefix, name] : kMethods) {
    if (hash.starts_with(prefix)) return name;
  }
  return "unknown";
}

}  // namespace sekisho::auth
