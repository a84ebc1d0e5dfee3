#include "filters/spf/check.h"

#include <utility>

namespace sekisho::spf {
namespace {

dns::Type dns_type(RecordType type) {
  switch (type) {
    case RecordType::a:
      return dns::Type::a;
    case RecordType::aaaa:
      return dns::Type::aaaa;
    case RecordType::mx:
      return dns::Type::mx;
    case RecordType::ptr:
      return dns::Type::ptr;
    case RecordType::txt:
      return dns::Type::txt;
  }
  return dns::Type::txt;
}

// A name that can't be asked for isn't there; any other failure may be another answer tomorrow.
Answer answer_from(RecordType type, Result<dns::Answer> reply) {
  Answer answer;
  if (!reply) {
    const bool no_name = reply.error().kind == ErrorKind::invalid;
    answer.status = no_name ? Answer::Status::none : Answer::Status::failed;
    return answer;
  }
  for (auto& record : reply->records) {
    answer.status = Answer::Status::found;
    switch (type) {
      case RecordType::a:
      case RecordType::aaaa:
        answer.addresses.push_back(record.address);
        break;
      case RecordType::mx:
      case RecordType::ptr:
        answer.names.push_back(std::move(record.name));
        break;
      case RecordType::txt:
        answer.texts.push_back(std::move(record.text));
        break;
    }
  }
  return answer;
}

}  // namespace

Task<Result<Check>> check(dns::Resolver& resolver, Query query, Deadline deadline,
                          CancelSource& cancel) {
  Check check;
  DnsAnswers answers;
  for (;;) {
    auto evaluation = evaluate(query, answers);
    if (evaluation.verdict) {
      check.verdict = std::move(*evaluation.verdict);
      co_return check;
    }
    for (auto& question : evaluation.needed) {
      if (deadline.passed(Clock::now())) {
        check.verdict.outcome = Outcome::temperror;
        check.verdict.problem = "the look-ups took too long";
        co_return check;
      }
      auto reply = co_await resolver.ask(dns_type(question.type), question.name, deadline, cancel);
      if (!reply && reply.error().kind == ErrorKind::cancelled) {
        co_return std::unexpected(std::move(reply.error()));
      }
      Lookup& lookup = check.lookups.emplace_back();
      if (!reply) lookup.why = reply.error().text;
      lookup.answer = answer_from(question.type, std::move(reply));
      lookup.question = question;
      answers.emplace(std::move(question), lookup.answer);
    }
  }
}

}  // namespace sekisho::spf
