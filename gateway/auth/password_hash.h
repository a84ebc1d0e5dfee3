// crypt(3) password hashes. Slow on purpose (yescrypt: about 80 ms of CPU): only on Offload
// threads. Any thread; each call has its own scratch memory on the heap and wipes it.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/secret.h"

namespace sekisho::auth {

// What crypt(3) takes: 1 to 511 bytes, no NUL.
inline constexpr std::size_t kMaxPasswordBytes = 511;

Result<std::string> hash_password(const Secret& password);  // yescrypt, fresh salt
// False for a wrong password and for a hash that crypt(3) can't read.
bool verify_password(const Secret& password, const std::string& hash);
// True when the string is a hash that this system's crypt(3) can check. Not the salted DES of old:
// any plain word would look like one.
bool is_usable_hash(const std::string& hash);
// "yescrypt", "bcrypt" …; "locked" and "unknown" for what is no usable hash.
std::string_view hash_method(const std::string& hash);

}  // namespace sekisho::auth
