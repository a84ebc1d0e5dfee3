// The verification of an ARC chain (RFC 8617 section 5.2) as pure functions: which signatures have
// to hold and which keys they need, and the result once keys and body hash are there. Every seal
// and the newest message signature have to hold. Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/arc/chain.h"
#include "filters/dkim/canonical.h"
#include "filters/dkim/key.h"
#include "gateway/base/time.h"

namespace sekisho::arc {

// One signature: `signature` of the key at `key_name` over `digest`.
struct Check {
  dkim::Algorithm algorithm = dkim::Algorithm::rsa_sha256;
  std::string key_name;  // "s1._domainkey.example.com"
  std::string digest;
  std::string signature;
};

// What has to hold, or why nothing can.
struct Plan {
  std::string flaw;           // fixed words; empty: the checks decide
  std::vector<Check> checks;  // the newest message signature, then the seals from the newest on
  dkim::Form body_form = dkim::Form::simple;
  std::string body_hash;  // that the newest message signature names
  std::string domain;     // of the newest seal
};
Plan plan_verification(const mail::Headers& headers, const Chain& chain, WallTime now);

// The key of a name; nullopt: it could not be looked up. A name that isn't there at all, or whose
// record is no key, has a KeyRecord without a key.
using Keys = std::map<std::string, std::optional<dkim::KeyRecord>>;

enum class Outcome : std::uint8_t { pass, fail, temperror };
struct Finding {
  Outcome outcome = Outcome::fail;
  std::string reason;  // fixed words; empty with pass
};
// `body_hash` is of the body as it came, in the plan's form.
Finding verify(const Plan& plan, std::string_view body_hash, const Keys& keys);

// The hash that each set's seal signs, in their order: of all sets up to it, its own b= taken as
// empty.
std::vector<std::string> sealed_digests(const std::vector<Set>& sets);

}  // namespace sekisho::arc
