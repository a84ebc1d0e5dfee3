// DNS for handlers: a worker has no network, so it asks the gateway's resolver. Both halves: the
// question and its answer as bytes (pure; each side takes the other's for hostile), what a handler
// calls, and what a filter puts into Job::ask.
#pragma once

#include <string>
#include <string_view>

#include "gateway/async/cancel.h"
#include "gateway/dns/answer.h"
#include "gateway/dns/resolver.h"
#include "gateway/worker/handlers.h"

namespace sekisho::worker {

struct DnsQuestion {
  dns::Type type = dns::Type::txt;
  std::string name;
  bool operator==(const DnsQuestion&) const = default;
};

std::string encode(const DnsQuestion& question);
Result<DnsQuestion> decode_question(std::string_view bytes);
// ErrorKind::limit: more records than fit into an answer.
Result<std::string> encode(const dns::Answer& answer);
Result<dns::Answer> decode_dns_answer(std::string_view bytes);

// In a handler.
Result<dns::Answer> ask_dns(WorkerHost& host, dns::Type type, std::string_view name);

// For Job::ask: answers from `resolver`, by `deadline` at the latest. Both outlive the job.
Ask answer_dns(dns::Resolver& resolver, CancelSource& cancel, Deadline deadline);

}  // namespace sekisho::worker
