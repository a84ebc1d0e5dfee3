#include "filters/rules/asked_values.h"

#include <unordered_set>

namespace sekisho::filters::rule {
namespace {

using ::sekisho::rules::Condition;
using ::sekisho::rules::Operand;
using ::sekisho::rules::RuleSet;
using ::sekisho::rules::Template;

class Search {
 public:
  void operand(const Operand& operand) {
    if (operand.value != nullptr) found.insert(operand.value->name);
    if (operand.key) this->operand(*operand.key);
  }
  // Conditions are shared, so a path may come by the same one very often.
  void condition(const Condition* condition) {
    if (condition == nullptr || !seen_.insert(condition).second) return;
    operand(condition->left);
    if (condition->right) operand(*condition->right);
    for (const auto& child : condition->children) this->condition(child.get());
  }
  void text(const Template& text) {
    for (const auto& piece : text.pieces)
      if (const auto* value = std::get_if<Operand>(&piece)) operand(*value);
  }

  std::set<std::string_view> found;

 private:
  std::unordered_set<const Condition*> seen_;
};

}  // namespace

std::set<std::string_view> asked_values(const RuleSet& set) {
  Search search;
  for (const auto& rule : set.rules) {
    if (rule.off) continue;
    search.condition(rule.when.get());
    for (const auto& action : rule.actions) {
      search.text(action.text);
      if (action.value) search.operand(*action.value);
    }
  }
  for (const auto& limit : set.limits) {
    for (const auto& key : limit.keys) search.operand(key);
    search.condition(limit.only_when.get());
  }
  for (const auto& patterns : set.patterns) search.operand(patterns.area);
  return std::move(search.found);
}

}  // namespace sekisho::filters::rule
