// The DKIM-Signature fields of a message, read and sorted out before a library sees them (RFC 6376
// section 6.1.1): the guard in front of libopendkim, which reads past its buffer on a long i=, and
// the list of the keys to be fetched. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/mail/authentication.h"
#include "gateway/mail/headers.h"

namespace sekisho::dkim {

inline constexpr std::string_view kSignatureField = "DKIM-Signature";
inline constexpr std::size_t kMaxSignatures = 8;         // the topmost; more are not looked at
inline constexpr std::size_t kMaxSignatureField = 8192;  // bytes
inline constexpr std::size_t kMaxIdentity = 255;

struct Candidate {
  // `result` is none while the signature is still to be verified; else the guard's last word.
  mail::DkimFact fact;
  std::size_t field = 0;  // its place in Headers::fields()
  std::string key_name;   // "SELECTOR._domainkey.DOMAIN"; empty: not to be verified

  [[nodiscard]] bool open() const { return fact.result == mail::AuthResult::none; }
};

// In the order of the message.
std::vector<Candidate> find_signatures(const mail::Headers& headers, WallTime now);

}  // namespace sekisho::dkim
