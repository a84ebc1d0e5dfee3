#include "filters/spf/check.h"

#include <utility>

namespace sekisho::spf {

std::optional<dns::Answer> known_of(const Result<dns::Answer>& answer) {
  if (answer || answer.error().kind == ErrorKind::invalid) return answer.value_or(dns::Answer());
  return std::nullopt;
}

Check too_late(Check check) {
  check.verdict.outcome = Outcome::temperror;
  check.verdict.problem = "the look-ups took too long";
  return check;
}

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
        co_return too_late(std::move(check));
      }
      auto answer = co_await resolver.ask(question.type, question.name, deadline, cancel);
      if (!answer && answer.error().kind == ErrorKind::cancelled) {
        co_return std::unexpected(std::move(answer.error()));
      }
      check.lookups.push_back({question, answer});
      answers.emplace(std::move(question), known_of(answer));
    }
  }
}

}  // namespace sekisho::spf
