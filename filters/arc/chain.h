// Chain: the ARC sets of a header section (RFC 8617 section 4), in the order of their instances.
// Whole or broken: a set that lacks a field, has one twice, or a gap breaks all of it. Pure; views
// into the section, which must outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filters/dkim/tag_list.h"
#include "gateway/base/error.h"
#include "gateway/mail/authentication_results.h"
#include "gateway/mail/headers.h"

namespace sekisho::arc {

inline constexpr int kMaxInstances = 50;  // section 4.2.1

inline constexpr std::string_view kResultsField = "ARC-Authentication-Results";
inline constexpr std::string_view kSignatureField = "ARC-Message-Signature";
inline constexpr std::string_view kSealField = "ARC-Seal";

struct Set {
  std::string_view results;    // whole fields with their CRLF
  std::string_view signature;  // ARC-Message-Signature
  std::string_view seal;
  dkim::TagList signature_tags;
  dkim::TagList seal_tags;
};

struct Chain {
  std::vector<Set> sets;  // instance i is sets[i - 1]
  int newest = 0;         // the highest instance of any field, those of a broken chain included
  std::string flaw;       // why it is broken, in fixed words; empty: it is whole
  bool ended = false;     // the last seal says cv=fail: nobody may continue it

  [[nodiscard]] bool empty() const { return sets.empty() && flaw.empty(); }
};

Chain read_chain(const mail::Headers& headers);

// What the sealer of a set found out, as its ARC-Authentication-Results says.
Result<mail::AuthenticationResults> results_of(const Set& set);

}  // namespace sekisho::arc
