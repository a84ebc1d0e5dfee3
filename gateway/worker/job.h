// Job: a piece of work for a worker process: hostile bytes for a library that they could break, or
// a key that only one process may hold. A value; made by a filter, run by Workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/mail/sealed_copy.h"

namespace sekisho::worker {

// Which processes do it.
enum class Pool : std::uint8_t {
  inspect,  // look at what strangers sent; hold nothing
  signer,   // hold the DKIM keys, and look at nothing that wasn't checked before
};
inline constexpr std::size_t kPools = 2;
std::string_view to_string(Pool pool);

// A kind of job, named by whoever wrote its handler (handlers.h), as a constant that both sides
// use:
//   inline constexpr worker::JobKind kAttachmentsJob{"attachments", worker::Pool::inspect};
struct JobKind {
  std::string_view name;  // a literal
  Pool pool;
};

struct Job {
  JobKind kind;
  std::string input;                                // as the handler reads it; of any length
  std::shared_ptr<const mail::SealedCopy> message;  // null: the job is about none
  std::string log_id;                               // of the message, for the log
};

}  // namespace sekisho::worker
