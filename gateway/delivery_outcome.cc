#include "gateway/delivery_outcome.h"

#include <algorithm>

namespace sekisho {

using smtp::Reply;
using upstream::UpstreamAcceptance;

int strictness(const Reply& reply) { return reply.permanent() ? 2 : reply.transient() ? 1 : 0; }

std::size_t LegOutcome::taken(std::size_t recipients) const {
  const auto yes = std::ranges::count_if(answers_, [](const Answer& answer) {
    return std::holds_alternative<UpstreamAcceptance>(answer);
  });
  return answers_.size() == 1 ? static_cast<std::size_t>(yes) * recipients
                              : static_cast<std::size_t>(yes);
}

const Reply* LegOutcome::worst() const {
  const Reply* worst = nullptr;
  for (const Answer& answer : answers_) {
    const Reply* refusal = std::get_if<Reply>(&answer);
    if (refusal != nullptr && (worst == nullptr || strictness(*refusal) > strictness(*worst)))
      worst = refusal;
  }
  return worst;
}

Acceptances LegOutcome::acceptances() const {
  Acceptances found;
  for (const Answer& answer : answers_)
    if (const auto* acceptance = std::get_if<UpstreamAcceptance>(&answer))
      found.push_back(*acceptance);
  return found;
}

}  // namespace sekisho
