// Hashes that cost a test a millisecond, where its subject isn't the hash.
#pragma once

#include <stdexcept>
#include <string>

#include <crypt.h>

namespace sekisho::test {

inline std::string hash_with(const std::string& password, const std::string& setting) {
  crypt_data memory{};
  const char* made = crypt_r(password.c_str(), setting.c_str(), &memory);
  if (made == nullptr || *made == '*') throw std::runtime_error("crypt " + setting);
  return made;
}

inline std::string cheap_hash(const std::string& password) {
  return hash_with(password, "$5$rounds=1000$saltsalt$");
}

}  // namespace sekisho::test
