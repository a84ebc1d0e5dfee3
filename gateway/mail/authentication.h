// What the filters found out about the sender of one message, for the filters behind them and for
// the Authentication-Results field: each writes what it checked, none takes back what another
// wrote. Values as they came from the wire: whoever shows one encodes it. Owned by the Transaction;
// one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/mail/authentication_results.h"

namespace sekisho::mail {

// The results of RFC 8601 section 2.7; each method uses some of them.
enum class AuthResult : std::uint8_t {
  none,
  pass,
  fail,
  softfail,
  neutral,
  policy,
  temperror,
  permerror
};
std::string_view to_string(AuthResult result);  // "pass"

// SPF (RFC 7208), at most one for each identity. With the null reverse-path the identity MAIL FROM
// is postmaster@ the HELO name (section 2.4), and `domain` is that name.
struct SpfFact {
  enum class Identity : std::uint8_t { helo, mail_from };
  Identity identity = Identity::mail_from;
  AuthResult result = AuthResult::none;
  std::string domain;   // lower case; whose authorization it is, for DMARC's alignment
  std::string address;  // that was checked: local@domain, or the HELO name
  std::string reason;   // words for people; may be empty

  [[nodiscard]] MethodResult to_method_result() const;
};

// One DKIM signature (RFC 6376), in the order of the message.
struct DkimFact {
  AuthResult result = AuthResult::none;
  std::string domain;     // d=, lower case
  std::string selector;   // s=
  std::string identity;   // i=; empty: not there
  std::string algorithm;  // a=, "rsa-sha256"
  std::string signature;  // the first characters of b=, that tell it from others (RFC 6008)
  std::string reason;

  [[nodiscard]] MethodResult to_method_result() const;
};

// DMARC (RFC 7489), once.
struct DmarcFact {
  AuthResult result = AuthResult::none;
  std::string from_domain;
  std::string policy;       // what the domain asks for: "none", "quarantine", "reject"; or empty
  std::string disposition;  // what we do about it, in the same words; empty: nothing to say
  std::string reason;

  [[nodiscard]] MethodResult to_method_result() const;
};

// The ARC chain (RFC 8617), once.
struct ArcFact {
  AuthResult result = AuthResult::none;  // none, pass or fail
  int instances = 0;
  int oldest_pass = 0;  // 0: not known
  std::string domain;   // of the last seal
  std::string reason;

  [[nodiscard]] MethodResult to_method_result() const;
};

struct Authentication {
  std::vector<SpfFact> spf;
  std::vector<DkimFact> dkim;
  std::optional<DmarcFact> dmarc;
  std::optional<ArcFact> arc;

  [[nodiscard]] bool empty() const { return spf.empty() && dkim.empty() && !dmarc && !arc; }
  [[nodiscard]] const SpfFact* find_spf(SpfFact::Identity identity) const;  // null: not checked
  [[nodiscard]] std::vector<MethodResult> to_method_results() const;
};

}  // namespace sekisho::mail
