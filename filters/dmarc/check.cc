#include "filters/dmarc/check.h"

#include <utility>

namespace sekisho::dmarc {

Task<Result<Check>> check(dns::Resolver& resolver, const Query& query,
                          const PublicSuffixes& suffixes, Deadline deadline, CancelSource& cancel) {
  Check check;
  DnsAnswers answers;
  for (;;) {
    auto evaluation = evaluate(query, suffixes, answers);
    if (evaluation.verdict) {
      check.verdict = std::move(*evaluation.verdict);
      co_return check;
    }
    Question& question = *evaluation.needed;
    auto answer = co_await resolver.ask(question.type, question.name, deadline, cancel);
    if (!answer && answer.error().kind == ErrorKind::cancelled) {
      co_return std::unexpected(std::move(answer.error()));
    }
    check.lookups.push_back({question, answer});
    // A name that can't be asked for isn't there; any other failure may be an answer tomorrow.
    std::optional<dns::Answer> known;
    if (answer || answer.error().kind == ErrorKind::invalid) known = answer.value_or(dns::Answer());
    answers.emplace(std::move(question), std::move(known));
  }
}

}  // namespace sekisho::dmarc
