// Record: a DMARC policy record (RFC 7489 section 6.3) with the tags of its successor (np, psd, t).
// Errors that the standard wants ignored are ignored; the others make the whole record invalid.
// Pure. Error texts are fixed words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

namespace sekisho::dmarc {

enum class Policy : std::uint8_t { none, quarantine, reject };
std::string_view to_string(Policy policy);  // "none"
Policy weaker(Policy policy);               // reject is quarantine, all else none

enum class Psd : std::uint8_t { unknown, yes, no };

struct Record {
  Policy policy = Policy::none;              // p
  std::optional<Policy> subdomain_policy;    // sp
  std::optional<Policy> nonexistent_policy;  // np
  bool strict_dkim = false;                  // adkim=s
  bool strict_spf = false;                   // aspf=s
  unsigned percent = 100;                    // pct
  bool testing = false;                      // t=y
  Psd psd = Psd::unknown;                    // is the domain a public suffix
  std::string reports;                       // rua, as it stands there: foreign bytes
};

// Does it begin with "v=DMARC1", as its first tag? Other TXT records are no records of DMARC.
bool is_dmarc_record(std::string_view text);

// ErrorKind::invalid: no such record, a tag that is there twice, or no valid policy. One without a
// valid policy that wants reports counts as p=none (section 6.6.3).
Result<Record> parse_record(std::string_view text);

}  // namespace sekisho::dmarc
