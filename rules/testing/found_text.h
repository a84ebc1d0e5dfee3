// What a pattern found in a message, for explaining: the reader answers only yes or no, so whoever
// wants to see the text looks a second time. The facts of a message, and that besides; for traces
// only. Numbers that may be those of cards are masked. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/rule_set.h"
#include "rules/content/message_facts.h"
#include "rules/content/texts.h"

namespace sekisho::rules::testing {

class FoundText : public content::MessageFacts {
 public:
  // All outlive it.
  FoundText(const RuleSet& set, const content::Plan& plan, const content::Findings& findings,
            const engine::Lists* lists, std::string_view message)
      : MessageFacts(plan, findings, lists), set_(set), plan_(plan), message_(message) {}

  [[nodiscard]] std::string matched(const Condition& atom,
                                    const engine::ItemRef* item) const override;
  // Of those patterns that match: `urgent "urgently", wire "wire transfer"`.
  [[nodiscard]] std::string matched_patterns(std::size_t index) const;

 private:
  [[nodiscard]] std::vector<std::string> texts(const Operand& area,
                                               const engine::ItemRef* item) const;
  [[nodiscard]] const content::Texts& parts() const;

  const RuleSet& set_;
  const content::Plan& plan_;
  std::string_view message_;
  mutable std::optional<content::Texts> parts_;
};

// Digits of what may be a card number hidden but for the last four: "**** **** **** 1111".
[[nodiscard]] std::string with_numbers_masked(std::string_view text);

}  // namespace sekisho::rules::testing
