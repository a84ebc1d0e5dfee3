#include "rules/testing/ready.h"

#include <utility>

namespace sekisho::rules::testing {

Ready Ready::make(std::shared_ptr<const RuleSet> set, std::shared_ptr<const lists::Lists> lists) {
  Ready ready;
  ready.program = engine::Program::compile(set);
  ready.plan = std::make_shared<const content::Plan>(content::Plan::of(*set));
  ready.set = std::move(set);
  ready.lists = std::move(lists);
  return ready;
}

Result<content::Matchers> Ready::matchers() const {
  return content::Matchers::of(*plan, match::Options{});
}

std::optional<std::size_t> Ready::domains_named(std::string_view name) const {
  for (std::size_t i = 0; i < set->lists.size(); ++i) {
    if (set->lists[i].name == name && set->lists[i].type == Type::domain) return i;
  }
  return std::nullopt;
}

RuleSet with_trials_over(const RuleSet& set) {
  RuleSet out = set;
  for (auto& rule : out.rules) rule.shadow_until.reset();
  return out;
}

}  // namespace sekisho::rules::testing
