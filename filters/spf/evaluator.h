// The evaluation of RFC 7208 as a pure function over what is known of the DNS: it returns a
// verdict, or the questions whose answers it still needs. Whoever drives it looks them up and asks
// again, so that nothing here waits. Total: 10 terms with look-ups, 2 void look-ups, 10 names of an
// MX or PTR answer, whatever the records say. Any thread.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/dns/answer.h"

namespace sekisho::spf {

struct Question {
  dns::Type type = dns::Type::txt;  // a, aaaa, mx, ptr or txt
  std::string name;                 // lower case, no dot at its end
  auto operator<=>(const Question&) const = default;
};

// What is known so far; nullopt: the look-up failed. Whoever drives the evaluation fills it in.
using DnsAnswers = std::map<Question, std::optional<dns::Answer>>;

enum class Outcome : std::uint8_t { none, neutral, pass, fail, softfail, temperror, permerror };
std::string_view to_string(Outcome outcome);  // "pass", as in Received-SPF

struct Query {
  IpAddress client;
  std::string helo;       // as the client said it
  std::string identity;   // the MAIL FROM address, or the HELO name
  std::string receiver;   // our name, for %{r}
  std::string timestamp;  // seconds since the epoch, for %{t}
  bool explain = false;   // fetch the text that exp= names when the outcome is fail
};

struct Verdict {
  Outcome outcome = Outcome::none;
  std::string domain;       // whose record decided
  std::string mechanism;    // the term that matched, e.g. "ip4"; empty: none did
  std::string problem;      // what is wrong, of none, temperror and permerror; foreign bytes
  std::string explanation;  // the domain's own words: foreign, ASCII; empty: none
  unsigned lookups = 0;     // terms that needed the DNS
  unsigned void_lookups = 0;
};

struct Evaluation {
  std::optional<Verdict> verdict;
  std::vector<Question> needed;  // when there is no verdict yet; never empty then
};

Evaluation evaluate(const Query& query, const DnsAnswers& answers);

}  // namespace sekisho::spf
