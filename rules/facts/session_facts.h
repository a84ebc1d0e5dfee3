// Facts of a session and its envelope, joined with those of its message. Looks at values that
// outlive it and copies nothing; cheap to make for each evaluation. One thread, never waits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/engine/facts.h"
#include "rules/facts/session_values.h"

namespace sekisho::rules::facts {

class SessionFacts : public engine::Facts {
 public:
  // `message`: of the message, before which nothing of it is known; null until then.
  explicit SessionFacts(const SessionValues& session, const engine::Facts* message = nullptr)
      : session_(session), message_(message) {}

  void values(const ValueInfo& value, const engine::ItemRef* item,
              std::vector<engine::Fact>& out) const override;
  void header(std::string_view name, std::vector<engine::Fact>& out) const override;
  [[nodiscard]] std::size_t count(const ItemInfo& item, const ValueInfo* of) const override;
  [[nodiscard]] std::optional<engine::Answer> answered(const Condition& atom,
                                                       const engine::ItemRef* item) const override;
  [[nodiscard]] std::optional<std::vector<engine::Answer>> patterns(
      std::size_t index) const override;
  [[nodiscard]] std::string matched(const Condition& atom,
                                    const engine::ItemRef* item) const override;

 private:
  const SessionValues& session_;
  const engine::Facts* message_;
};

}  // namespace sekisho::rules::facts
