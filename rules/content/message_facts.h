// MessageFacts: the half of the engine's Facts that a message gives: its values, fields, items and
// the answers that the reader gave. Whoever evaluates rules joins it with what is known of the
// session; of that it says nothing. Views plan and findings, which must outlive it. One thread.
#pragma once

#include <optional>
#include <vector>

#include "rules/content/findings.h"
#include "rules/content/plan.h"
#include "rules/engine/facts.h"
#include "rules/engine/lists.h"

namespace sekisho::rules::content {

class MessageFacts : public engine::Facts {
 public:
  // `lists`: for `text contains LIST`, of which only the gateway knows the items; may be null, and
  // then it is `failed`.
  MessageFacts(const Plan& plan, const Findings& findings, const engine::Lists* lists);

  // Whether it is asked: a value of stage message that is not the gateway's own.
  [[nodiscard]] static bool has(const ValueInfo& value);

  void values(const ValueInfo& value, const engine::ItemRef* item,
              std::vector<engine::Fact>& out) const override;
  void header(std::string_view name, std::vector<engine::Fact>& out) const override;
  [[nodiscard]] std::size_t count(const ItemInfo& item, const ValueInfo* of) const override;
  [[nodiscard]] std::optional<Answer> answered(const Condition& atom,
                                               const engine::ItemRef* item) const override;
  [[nodiscard]] std::optional<std::vector<Answer>> patterns(std::size_t index) const override;

 private:
  [[nodiscard]] std::optional<Answer> ask_whole(const Condition& atom) const;

  const Plan& plan_;
  const Findings& findings_;
  const engine::Lists* lists_;
  std::vector<std::size_t> attachments_;
};

}  // namespace sekisho::rules::content
