// The evaluation of DMARC (RFC 7489 section 6.6) as a pure function over what SPF and DKIM found
// out and what is known of the DNS: it returns a verdict, or the question whose answer it still
// needs, of which there are four at most. Whoever drives it looks that up and asks again. Any
// thread.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/dmarc/public_suffixes.h"
#include "filters/dmarc/record.h"
#include "gateway/dns/answer.h"
#include "gateway/mail/authentication.h"

namespace sekisho::dmarc {

struct Question {
  dns::Type type = dns::Type::txt;  // txt; a, to learn whether a name exists
  std::string name;
  auto operator<=>(const Question&) const = default;
};

// What is known so far; nullopt: the look-up failed. Whoever drives the evaluation fills it in.
using DnsAnswers = std::map<Question, std::optional<dns::Answer>>;

struct Query {
  std::string from_domain;  // lower case, A-labels
  const mail::Authentication& authentication;
  // 0 to 99, of the message: a policy with pct= is for those below it.
  unsigned sample = 0;
};

// One result of SPF or DKIM and how it stands to the From domain.
struct Identifier {
  std::string_view method;  // "spf", "dkim"
  mail::AuthResult result = mail::AuthResult::none;
  std::string domain;
  bool aligned = false;
};

struct Verdict {
  mail::AuthResult result = mail::AuthResult::none;  // none, pass, fail, temperror, permerror
  Policy policy = Policy::none;                      // what the domain asks for, with p, sp or np
  Policy disposition = Policy::none;  // of this message: the policy after pct and t, if it failed
  std::string organizational_domain;  // of the From domain
  std::string record_domain;          // where the record was found; empty: nowhere
  std::optional<Record> record;
  std::vector<Identifier> identifiers;
  std::string reason;  // why the result isn't simply what the identifiers say; fixed words
};

struct Evaluation {
  std::optional<Verdict> verdict;
  std::optional<Question> needed;  // when there is no verdict yet
};

Evaluation evaluate(const Query& query, const PublicSuffixes& suffixes, const DnsAnswers& answers);

}  // namespace sekisho::dmarc
