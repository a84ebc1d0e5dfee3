// What an SPF evaluation asks the DNS, and what is known so far. A plain value: the evaluator reads
// it, whoever drives it fills it in.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gateway/base/ip.h"

namespace sekisho::spf {

enum class RecordType : std::uint8_t { a, aaaa, mx, ptr, txt };

struct Question {
  RecordType type = RecordType::txt;
  std::string name;  // lower case, no dot at its end
  auto operator<=>(const Question&) const = default;
};

struct Answer {
  enum class Status : std::uint8_t {
    found,
    none,    // no such name, or no such record: a void look-up (RFC 7208 section 4.6.4)
    failed,  // SERVFAIL, bogus, no answer in time
  };
  Status status = Status::none;
  std::vector<IpAddress> addresses;  // a, aaaa
  std::vector<std::string> names;    // ptr, and mx by preference: as in the DNS, any case
  std::vector<std::string> texts;    // txt: the strings of each record joined
};

using DnsAnswers = std::map<Question, Answer>;

}  // namespace sekisho::spf
