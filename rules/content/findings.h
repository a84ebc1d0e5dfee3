// Findings: what was found in one message for the rules of one Plan; small enough to come home from
// the worker that read it. Plain values; the texts are foreign bytes. Reading is all or nothing:
// what is over a bound is an Error of read(), so that "nothing found" always means that all was
// looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "rules/content/plan.h"

namespace sekisho::rules::content {

inline constexpr std::size_t kMaxFindings = 4UL * 1024 * 1024;  // bytes, encoded
inline constexpr std::size_t kMaxHome = 512UL * 1024;
inline constexpr std::size_t kMaxUrls = 10'000;
inline constexpr std::size_t kMaxParts = 20'000;    // members of archives too
inline constexpr std::size_t kMaxAddresses = 1000;  // of one field

struct Address {
  std::string address;  // local@domain, the domain in lower case and A-labels
  std::string domain;
  std::string local;
  std::optional<std::string> name;  // beside it, decoded
  bool misleading = false;          // deception.h
  bool operator==(const Address&) const = default;
};

struct Field {
  std::string name;   // as written
  std::string value;  // unfolded, decoded
  bool operator==(const Field&) const = default;
};

struct Part {
  std::vector<std::string> names;       // every reading
  std::vector<std::string> extensions;  // of every reading, lower case, without dot
  std::vector<std::string> kinds;       // words_of(Type::part_kind), by its bytes
  std::vector<std::string> types;       // every reading of Content-Type; none for members
  std::uint64_t size = 0;               // decoded
  std::optional<std::string> hash;      // SHA-256 in hexadecimal digits; none: not known or wanted
  bool encrypted = false;
  bool attachment = false;  // it has a name, or is shown as a file
  bool operator==(const Part&) const = default;
};

struct Url {
  std::string url;  // canonical, links.h
  std::string scheme;
  std::optional<std::string> domain;  // none: no host, or an address
  std::string path;
  std::string text;         // what the link shows
  bool misleading = false;  // deception.h
  bool lookalike = false;
  bool operator==(const Url&) const = default;
};

// text, html, source or raw.
struct Whole {
  bool there = false;               // the message has such a part
  std::optional<std::string> home;  // itself; none: not wanted, or longer than kMaxHome
  bool operator==(const Whole&) const = default;
};

// Of one question: which items say yes or can't be asked, sorted; all others say no.
struct Answers {
  std::vector<std::uint32_t> yes, failed;

  [[nodiscard]] Answer of(std::size_t item) const;
  // One yes is enough.
  [[nodiscard]] Answer any() const {
    return !yes.empty() ? Answer::yes : !failed.empty() ? Answer::failed : Answer::no;
  }
  bool operator==(const Answers&) const = default;
};

struct Findings {
  std::uint64_t size = 0;  // of the message as it came
  std::optional<std::string> subject;
  std::optional<std::string> message_id;
  std::optional<std::string> hash;
  std::optional<std::uint64_t> date;  // days since 1970
  std::vector<Address> from, to, cc, reply_to, sender;
  std::vector<std::vector<std::string>>
      headers;  // values of Plan::headers(), decoded, in its order
  std::vector<Field> fields;
  std::vector<Part> parts;
  std::vector<Url> urls;
  std::vector<std::string> cards;  // masked, each number once
  std::vector<std::string> ibans;
  Whole text, html, source, raw;
  std::vector<Answers> answers;  // of Plan::atoms()

  bool operator==(const Findings&) const = default;
};

// ErrorKind::limit: more than kMaxFindings.
[[nodiscard]] Result<std::string> encode(const Findings& findings);
// What a worker said. ErrorKind::protocol: not what a reader of this plan makes.
[[nodiscard]] Result<Findings> decode_findings(std::string_view bytes, const Plan& plan);

// How many items a target has: 1 where it is no item's value.
[[nodiscard]] std::size_t items_of(const Findings& findings, const Target& target);
// Where among the parts the attachments are.
[[nodiscard]] std::vector<std::size_t> attachments_of(const Findings& findings);
// The addresses of "header.from" and its like; null for another name.
[[nodiscard]] const std::vector<Address>* addresses_of(const Findings& findings,
                                                       std::string_view field);

}  // namespace sekisho::rules::content
