// How a set of ARC fields comes to be (RFC 8617 section 5.1): our results, the message signature
// and the seal. Pure; two signatures are made elsewhere, between its steps.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/arc/chain.h"
#include "filters/dkim/signer.h"
#include "gateway/base/time.h"
#include "gateway/mail/authentication_results.h"

namespace sekisho::arc {

struct SealOptions {
  dkim::Algorithm algorithm = dkim::Algorithm::rsa_sha256;
  std::string domain;
  std::string selector;
};

class Sealer {
 public:
  // `status` is that of the chain so far: "none", "pass" or "fail". Nothing: the chain must not be
  // continued, since it has 50 sets or said itself that it is broken, or `status` is none of these;
  // or the message has more fields to be signed, with its DKIM signatures, than kMaxSignedFields.
  // What the arguments refer to must outlive it.
  static std::optional<Sealer> begin(const mail::Headers& headers, const Chain& chain,
                                     std::string_view status,
                                     const mail::AuthenticationResults& results,
                                     const SealOptions& options, WallTime now);

  // The message signature with an empty b=, and what is to be signed. `body_hash` is of the relaxed
  // form.
  const dkim::Unsigned& message_signature(std::string_view body_hash);
  // Then the seal, over the set with that signature.
  const dkim::Unsigned& seal(std::string_view message_signature);
  // The three fields with their CRLF, from the lowest one on.
  struct Fields {
    std::string results;
    std::string signature;
    std::string seal;
  };
  Fields finish(std::string_view seal);

 private:
  Sealer(const mail::Headers& headers, const Chain& chain, const SealOptions& options)
      : headers_(headers), chain_(chain), options_(options) {}

  const mail::Headers& headers_;
  const Chain& chain_;
  const SealOptions& options_;
  std::vector<std::string_view> names_;  // that the message signature covers
  std::string instance_;
  std::string status_;
  std::string timestamp_;
  std::string results_;
  std::string signature_;
  dkim::Unsigned unsigned_signature_;
  dkim::Unsigned unsigned_seal_;
};

}  // namespace sekisho::arc
