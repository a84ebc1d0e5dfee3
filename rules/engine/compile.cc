// A RuleSet to code. Conditions become branches from their end to their beginning, since a branch
// needs to know where it goes on.
#include "rules/engine/compile.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <set>
#include <unordered_map>

#include "gateway/base/text.h"
#include "rules/engine/key.h"

namespace sekisho::rules::engine {
namespace {

using Kind = Condition::Kind;

constexpr std::array<std::string_view, 4> kAreas = {"text", "html", "source", "raw"};

// The listener that must be ours for the condition to be true; null: any may be. Looks into each
// condition once, as it stands in many defines.
const std::string* listener_of(const Condition& condition, std::set<const Condition*>& seen) {
  if (!seen.insert(&condition).second) return nullptr;
  if (condition.kind == Kind::all || condition.kind == Kind::defined) {
    for (const auto& child : condition.children) {
      if (const auto* name = listener_of(*child, seen)) return name;
    }
  }
  if (condition.kind == Kind::compare && condition.op == Op::is &&
      condition.left.value != nullptr && condition.left.value->name == "listener" &&
      condition.right && condition.right->constant) {
    return std::get_if<std::string>(&condition.right->constant->value);
  }
  return nullptr;
}

PlainText plain_of(const Atom& atom) {
  if (atom.kind != Atom::Kind::compare || atom.op != Op::is || !atom.constant || atom.count ||
      atom.area || atom.type == Type::media_type) {
    return {};
  }
  // Only of values that are always there to be read: nothing about them can fail.
  const auto& left = atom.condition->left;
  if (left.kind != Operand::Kind::value || left.value->readings) return {};
  const auto* text = std::get_if<std::string_view>(&atom.value);
  if (text == nullptr || text->starts_with('*') || text->starts_with('@')) return {};
  return {text->data(), static_cast<std::uint32_t>(text->size()), atom.left};
}

class StageCompiler {
 public:
  StageCompiler(Code& code, Stage stage)
      : code_(code), set_(*code.set), out_(code.stages[static_cast<std::size_t>(stage)]) {
    for (const auto& limit : set_.limits) {
      out_.only_when.push_back(limit.only_when ? branch(*limit.only_when, kYes, kNo, {}) : kYes);
    }
    for (std::size_t i = 0; i < set_.rules.size(); ++i) {
      if (set_.rules[i].stage == stage) rule(i);
    }
    for (std::size_t i = 0; i < set_.limits.size(); ++i) {
      if (!set_.limits[i].share && counted_at(set_.limits[i].unit) == stage)
        out_.counts.push_back(i);
    }
    for (std::uint32_t i = 0; i < out_.atoms.size(); ++i) {
      if (changes(*out_.atoms[i].condition)) out_.changing_atoms.push_back(i);
      out_.plain.push_back(plain_of(out_.atoms[i]));
    }
    for (std::uint32_t i = 0; i < out_.slots.size(); ++i) {
      if (changes(*out_.slots[i].operand)) out_.changing_slots.push_back(i);
    }
  }

 private:
  void rule(std::size_t index) {
    const Rule& rule = set_.rules[index];
    RuleCode made;
    made.rule = index;
    made.group = rule.group;
    if (rule.when && !rule.off) {
      made.entry = condition_of(rule);
      std::set<std::pair<const Condition*, std::uint32_t>> seen;
      matches_of(*rule.when, {}, made.eaches, seen);
    }
    const auto position = static_cast<std::uint32_t>(out_.rules.size());
    out_.rules.push_back(std::move(made));
    if (rule.off) return;
    std::set<const Condition*> seen;
    const auto* listener = rule.when ? listener_of(*rule.when, seen) : nullptr;
    if (listener != nullptr) {
      const auto [own, fresh] = out_.by_listener.try_emplace(to_lower(*listener));
      if (fresh) own->second = out_.elsewhere;
      own->second.push_back(position);
      return;
    }
    out_.elsewhere.push_back(position);
    for (auto& rules : out_.by_listener | std::views::values) rules.push_back(position);
  }

  // A group's condition, which check() puts before the rule's own, is shared by its rules.
  std::uint32_t condition_of(const Rule& rule) {
    const Condition& when = *rule.when;
    if (rule.group.empty()) return branch(when, kYes, kNo, {});
    if (when.kind != Kind::all || when.children.size() != 2) {
      return shared(when, kYes, kNo, {}, when);
    }
    const auto own = branch(*when.children[1], kYes, kNo, {});
    return shared(*when.children[0], own, kNo, {}, *when.children[0]);
  }

  std::uint32_t emit(std::uint32_t atom, std::uint32_t yes, std::uint32_t no,
                     const Condition& origin) {
    out_.code.push_back({atom, yes, no});
    out_.origins.push_back(&origin);
    return static_cast<std::uint32_t>(out_.code.size() - 1);
  }

  // Where the condition's code begins.
  std::uint32_t branch(const Condition& condition, std::uint32_t yes, std::uint32_t no,
                       const Bindings& bindings) {
    switch (condition.kind) {
      case Kind::negation:
        return branch(*condition.children[0], no, yes, bindings);
      case Kind::defined:
        return shared(*condition.children[0], yes, no, bindings, condition);
      case Kind::all:
      case Kind::one:
        return joined(condition, yes, no, bindings);
      case Kind::each:
        return emit(each(condition, bindings), yes, no, condition);
      case Kind::patterns:
      case Kind::compare:
        break;
    }
    return emit(compare(condition, bindings), yes, no, condition);
  }

  std::uint32_t joined(const Condition& condition, std::uint32_t yes, std::uint32_t no,
                       const Bindings& bindings) {
    const bool all = condition.kind == Kind::all;
    std::uint32_t next = all ? yes : no;
    for (const auto& child : condition.children | std::views::reverse) {
      next = all ? branch(*child, next, no, bindings) : branch(*child, yes, next, bindings);
    }
    return next;
  }

  // The atom of that key, and whether it is new. It belongs to the innermost item it depends on.
  std::pair<std::uint32_t, bool> atom(std::string key, const std::set<std::size_t>& items,
                                      const Bindings& bindings) {
    const auto [found, fresh] =
        atoms_.try_emplace(std::move(key), static_cast<std::uint32_t>(out_.atoms.size()));
    if (fresh) {
      out_.atoms.emplace_back();
      if (!items.empty()) {
        out_.eaches[bindings[*items.rbegin() - 1].each].atoms.push_back(found->second);
      }
    }
    return {found->second, fresh};
  }

  // What several rules ask by one name, answered once.
  std::uint32_t shared(const Condition& condition, std::uint32_t yes, std::uint32_t no,
                       const Bindings& bindings, const Condition& origin) {
    if (condition.kind == Kind::negation) {
      return shared(*condition.children[0], no, yes, bindings, *condition.children[0]);
    }
    if (condition.kind == Kind::defined) {
      return shared(*condition.children[0], yes, no, bindings, condition);
    }
    if (condition.kind != Kind::all && condition.kind != Kind::one) {
      return branch(condition, yes, no, bindings);
    }
    const auto [index, fresh] =
        atom(keys_.of(condition, bindings), keys_.items(condition, bindings), bindings);
    if (fresh) {
      const auto entry = joined(condition, kYes, kNo, bindings);
      Atom& made = out_.atoms[index];
      made.kind = Atom::Kind::part;
      made.target = entry;
      made.condition = &origin;
    }
    return emit(index, yes, no, origin);
  }

  std::uint32_t each(const Condition& condition, const Bindings& bindings) {
    const auto [index, fresh] =
        atom(keys_.of(condition, bindings), keys_.items(condition, bindings), bindings);
    if (!fresh) return index;
    const auto target = static_cast<std::uint32_t>(out_.eaches.size());
    Each made;
    made.condition = &condition;
    made.item = {condition.item, condition.left.value, 0};
    out_.eaches.push_back(std::move(made));
    Bindings inner = bindings;
    inner.push_back({condition.item, "#" + std::to_string(target), target});
    const auto body = branch(*condition.children[0], kYes, kNo, inner);
    out_.eaches[target].body = body;
    Atom& made_atom = out_.atoms[index];
    made_atom.kind = Atom::Kind::each;
    made_atom.target = target;
    made_atom.condition = &condition;
    return index;
  }

  std::uint32_t slot(const Operand& operand, const Bindings& bindings) {
    const auto [found, fresh] = slots_.try_emplace(keys_.of(operand, bindings),
                                                   static_cast<std::uint32_t>(out_.slots.size()));
    if (!fresh) return found->second;
    Slot made{&operand, kNone};
    if (const auto items = keys_.items(operand, bindings); !items.empty()) {
      made.each = bindings[*items.rbegin() - 1].each;
      out_.eaches[made.each].slots.push_back(found->second);
    }
    out_.slots.push_back(made);
    return found->second;
  }

  std::uint32_t compare(const Condition& condition, const Bindings& bindings) {
    const auto [index, fresh] =
        atom(keys_.of(condition, bindings), keys_.items(condition, bindings), bindings);
    if (!fresh) return index;
    Atom made;
    made.condition = &condition;
    made.op = condition.op;
    made.count = condition.count;
    if (condition.kind == Kind::patterns) {
      made.kind = Atom::Kind::patterns;
      out_.atoms[index] = made;
      return index;
    }
    made.type = condition.left.type;
    made.area = condition.left.value != nullptr &&
                std::ranges::find(kAreas, condition.left.value->name) != kAreas.end();
    made.answered = made.area || condition.op == Op::matches;
    made.left = slot(condition.left, bindings);
    if (condition.right) right(*condition.right, bindings, made);
    out_.atoms[index] = made;
    return index;
  }

  void right(const Operand& operand, const Bindings& bindings, Atom& into) {
    if (operand.is_set()) {
      into.set = &operand;
      if (operand.key) into.key = slot(*operand.key, bindings);
    } else if (operand.constant) {
      into.constant = true;
      into.value = constant_fact(*operand.constant, code_);
    } else {
      into.right = slot(operand, bindings);
    }
  }

  // Whether what rules leave for later ones can change it.
  static bool changes(const Operand& operand) {
    return operand.kind == Operand::Kind::score ||
           (operand.value != nullptr && operand.value->name == "tags");
  }
  bool changes(const Condition& condition) {
    if (const auto found = changing_.find(&condition); found != changing_.end()) {
      return found->second;
    }
    bool any = changes(condition.left) || (condition.right && changes(*condition.right));
    for (const auto& child : condition.children) any = any || changes(*child);
    changing_[&condition] = any;
    return any;
  }

  // The `any … where` whose item a rule's texts may name.
  void matches_of(const Condition& condition, const Bindings& bindings,
                  std::vector<std::uint32_t>& into,
                  std::set<std::pair<const Condition*, std::uint32_t>>& seen) {
    if (condition.kind == Kind::negation) return;
    if (!seen.emplace(&condition, bindings.empty() ? kNone : bindings.back().each).second) return;
    Bindings inner = bindings;
    if (condition.kind == Kind::each) {
      if (condition.quantifier != Quantifier::any) return;
      const auto found = atoms_.find(keys_.of(condition, bindings));
      if (found == atoms_.end()) return;
      const auto target = out_.atoms[found->second].target;
      into.push_back(found->second);
      inner.push_back({condition.item, "#" + std::to_string(target), target});
    }
    for (const auto& child : condition.children) matches_of(*child, inner, into, seen);
  }

  Code& code_;
  const RuleSet& set_;
  StageCode& out_;
  Keys keys_;
  std::unordered_map<const Condition*, bool> changing_;
  std::unordered_map<std::string, std::uint32_t> atoms_;
  std::unordered_map<std::string, std::uint32_t> slots_;
};

}  // namespace

Fact constant_fact(const Constant& constant, Code& code) {
  return std::visit(
      [&]<class T>(const T& value) -> Fact {
        if constexpr (std::is_same_v<T, std::string>) {
          return std::string_view(code.texts.emplace_back(to_lower(value)));
        } else {
          return value;
        }
      },
      constant.value);
}

std::unique_ptr<const Code> compile(std::shared_ptr<const RuleSet> set) {
  auto code = std::make_unique<Code>();
  code->set = std::move(set);
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    StageCompiler(*code, static_cast<Stage>(i));
  }
  return code;
}

}  // namespace sekisho::rules::engine
