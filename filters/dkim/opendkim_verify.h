// Verification by libopendkim, on keys that were fetched before. A pure function of message and
// keys, made for a worker process: the library is old C, and nothing of it may run in a process
// that holds sessions. Takes only what the guard (signatures.h) let through, never calls
// dkim_ohdrs() (an open heap overflow) nor the library's own DNS.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/dkim/signatures.h"
#include "gateway/base/error.h"

namespace sekisho::dkim {

// What the DNS said of a Candidate's key_name. A server that failed or was too slow is temperror,
// never a bad signature.
struct KeyAnswer {
  enum class Status : std::uint8_t { found, none, failed };
  Status status = Status::none;
  std::string text;  // of the record
};

// Gives the body bit by bit to `take`.
using BodySource = std::function<Result<void>(const std::function<void(std::string_view)>& take)>;

// Writes result and reason of every candidate that is still open; `keys` has an answer for each, in
// their order. An error: the body can't be read, or the library is out of memory.
Result<void> verify_with_opendkim(const mail::Headers& headers, const BodySource& body,
                                  const std::vector<KeyAnswer>& keys,
                                  std::vector<Candidate>& candidates);

}  // namespace sekisho::dkim
