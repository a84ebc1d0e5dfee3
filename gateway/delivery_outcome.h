// LegOutcome: what became of a message at one group of upstreams: one answer for all recipients
// that it went to (SMTP, or a failure before the dot), or one for each (LMTP, RFC 2033
// section 4.2). A value; pure.
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "gateway/delivery_replies.h"
#include "gateway/smtp/reply.h"
#include "gateway/upstream/acceptance.h"

namespace sekisho {

class LegOutcome {
 public:
  using Answer = std::variant<upstream::UpstreamAcceptance, smtp::Reply>;

  LegOutcome(smtp::Reply for_all) : answers_{std::move(for_all)} {}
  // One for all recipients, or as many as there are recipients, in their order.
  explicit LegOutcome(std::vector<Answer> answers) : answers_(std::move(answers)) {}

  [[nodiscard]] const Answer& of(std::size_t recipient) const {
    return answers_.size() == 1 ? answers_.front() : answers_.at(recipient);
  }
  // Every recipient's answer is an acceptance.
  [[nodiscard]] bool accepted() const { return worst() == nullptr; }
  // How many of `recipients` have the message.
  [[nodiscard]] std::size_t taken(std::size_t recipients) const;
  // The strictest refusal; null when there is none.
  [[nodiscard]] const smtp::Reply* worst() const;
  [[nodiscard]] Acceptances acceptances() const;

 private:
  std::vector<Answer> answers_;  // never empty
};

// How strict an answer is: none, 4xx, 5xx.
int strictness(const smtp::Reply& reply);

}  // namespace sekisho
