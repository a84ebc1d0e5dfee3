#include "rules/engine/evaluate.h"

#include <algorithm>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/engine/compare.h"
#include "rules/engine/program.h"
#include "rules/engine/render.h"

namespace sekisho::rules::engine {
namespace {

// What a search for the words of a list in a text of half a megabyte takes at the most.
constexpr std::uint64_t kListInTextSteps = 10'000;

}  // namespace

Evaluation::Evaluation(const Code& code, const Asked& asked)
    : code_(code),
      stage_(code.stages[static_cast<std::size_t>(asked.stage)]),
      asked_(asked),
      atoms_(stage_.atoms.size()),
      slots_(stage_.slots.size()),
      limits_(code.set->limits.size()),
      patterns_(code.set->patterns.size()) {
  eaches_.reserve(stage_.eaches.size());
  for (const auto& each : stage_.eaches) eaches_.push_back({each.item, {}});
}

bool Evaluation::spend(std::uint64_t steps) {
  steps_ += steps;
  return steps_ <= kMaxSteps;
}

Answer Evaluation::failed(std::string why) {
  why_ = std::move(why);
  return Answer::failed;
}

void Evaluation::state_changed() {
  for (const auto atom : stage_.changing_atoms) atoms_[atom] = 0;
  for (const auto slot : stage_.changing_slots) {
    slots_[slot].status = Values::Status::unread;
    slots_[slot].lowered = false;
  }
}

Answer Evaluation::too_long() {
  return failed(fmt::format("the rules take more than {} steps here", kMaxSteps));
}

Answer Evaluation::run(std::uint32_t entry) {
  std::uint32_t at = entry;
  while (at < kNo) {
    const Instruction& instruction = stage_.code[at];
    if (++steps_ > kMaxSteps) {
      return too_long();
    }
    std::uint8_t known = atoms_[instruction.atom];
    const bool asked_before = known != 0;
    if (!asked_before) {
      const PlainText& plain = stage_.plain[instruction.atom];
      if (plain.left != kNone && clauses_ == nullptr) {
        const bool is = is_plain(plain);
        atoms_[instruction.atom] =
            is ? 1 + static_cast<int>(Answer::yes) : 1 + static_cast<int>(Answer::no);
        at = is ? instruction.yes : instruction.no;
        continue;
      }
      known = static_cast<std::uint8_t>(1 + static_cast<int>(answer(instruction.atom)));
      atoms_[instruction.atom] = known;
    }
    const auto truth = static_cast<Answer>(known - 1);
    if (clauses_ != nullptr) record(at, truth, asked_before);
    if (truth == Answer::failed) {
      if (asked_before) {
        const auto found = std::ranges::find(failures_, instruction.atom,
                                             [](const auto& one) { return one.first; });
        if (found != failures_.end()) why_ = found->second;
      } else {
        failures_.emplace_back(instruction.atom, why_);
      }
      return truth;
    }
    at = truth == Answer::yes ? instruction.yes : instruction.no;
  }
  return at == kYes ? Answer::yes : Answer::no;
}

// The most frequent comparison by far, a value of one text with a constant: no more than it takes.
bool Evaluation::is_plain(const PlainText& plain) {
  Values& values = slots_[plain.left];
  if (values.status != Values::Status::read || !values.lowered) lower(slot(plain.left));
  for (const auto& text : values.lower) {
    if (text.size() == plain.size && std::memcmp(text.data(), plain.text, plain.size) == 0) {
      return true;
    }
  }
  return false;
}

void Evaluation::lower(Values& values) {
  if (values.lowered) return;
  values.lower.clear();
  for (const Fact& value : values.facts) values.lower.push_back(to_lower(text_of(value)));
  values.lowered = true;
}

Answer Evaluation::answer(std::uint32_t atom) {
  const Atom& asked = stage_.atoms[atom];
  switch (asked.kind) {
    case Atom::Kind::part:
      return run(asked.target);
    case Atom::Kind::each:
      return each(stage_.eaches[asked.target], eaches_[asked.target]);
    case Atom::Kind::patterns:
      return some_patterns(*asked.condition);
    case Atom::Kind::compare:
      break;
  }
  return compare(asked);
}

Answer Evaluation::each(const Each& each, EachState& state) {
  const auto count = asked_.facts.count(*each.item.item, each.item.of);
  const auto quantifier = each.condition->quantifier;
  const auto outer = innermost_;
  innermost_ = static_cast<std::uint32_t>(&state - eaches_.data());
  Answer result = quantifier == Quantifier::any ? Answer::no : Answer::yes;
  for (std::size_t i = 0; i < count; ++i) {
    state.item.index = i;
    state.readings.clear();
    for (const auto atom : each.atoms) atoms_[atom] = 0;
    for (const auto slot : each.slots) {
      slots_[slot].status = Values::Status::unread;
      slots_[slot].lowered = false;
    }
    spend((each.atoms.size() + each.slots.size()) / 4);
    const auto truth = run(each.body);
    if (truth == Answer::failed) {
      result = truth;
      break;
    }
    const bool ends = quantifier == Quantifier::every ? truth == Answer::no : truth == Answer::yes;
    if (ends) {
      result = quantifier == Quantifier::any ? Answer::yes : Answer::no;
      break;
    }
  }
  innermost_ = outer;
  return result;
}

Answer Evaluation::some_patterns(const Condition& condition) {
  const auto* answers = patterns(condition.patterns);
  if (answers == nullptr) return Answer::failed;
  const auto of = [&](Answer answer) {
    return static_cast<std::uint64_t>(std::ranges::count(*answers, answer));
  };
  const auto yes = of(Answer::yes);
  if (yes >= condition.at_least) return Answer::yes;
  if (yes + of(Answer::failed) < condition.at_least) return Answer::no;
  return failed(fmt::format("a pattern of {} came to its limit",
                            code_.set->patterns[condition.patterns].name));
}

Answer Evaluation::compare(const Atom& atom) {
  const Slot& left_slot = stage_.slots[atom.left];
  if (atom.op == Op::exceeded) return ask_limit(atom);
  if (atom.answered) {
    // Words of a list are looked for in a whole text, here and now.
    if (atom.area && atom.op == Op::contains && atom.condition->right &&
        atom.condition->right->kind == Operand::Kind::list && !spend(kListInTextSteps))
      return too_long();
    const ItemRef* item = left_slot.each == kNone ? nullptr : &eaches_[left_slot.each].item;
    if (const auto said = asked_.facts.answered(*atom.condition, item)) {
      if (*said == Answer::failed) return failed("a pattern came to its limit");
      return *said;
    }
  }
  Values& left = slot(atom.left);
  if (left.status == Values::Status::failed) return Answer::failed;
  if (atom.area && left.facts.empty()) return failed("nobody has looked into the message");
  if (atom.op == Op::present) return left.facts.empty() ? Answer::no : Answer::yes;
  if (atom.op == Op::absent) return left.facts.empty() ? Answer::yes : Answer::no;
  if (left.facts.empty() && !atom.count) return Answer::no;
  spend(left.facts.size());
  if (atom.op == Op::matches) return regex(atom, left);
  if (atom.op == Op::none) {
    const bool yes = std::ranges::any_of(left.facts, [](const Fact& fact) {
      const auto* is = std::get_if<bool>(&fact);
      return is != nullptr && *is;
    });
    return yes ? Answer::yes : Answer::no;
  }
  if (atom.set != nullptr) return atom.op == Op::contains ? within(atom, left) : in_set(atom, left);
  if (atom.op == Op::contains && !atom.condition->left.many) return contains(atom, left);
  return pairs(atom, left);
}

Answer Evaluation::pairs(const Atom& atom, Values& left) {
  std::span<const Fact> right(&atom.value, 1);
  if (!atom.constant) {
    const Values& other = slot(atom.right);
    if (other.status == Values::Status::failed) return Answer::failed;
    right = other.facts;
  }
  const Fact number = static_cast<double>(left.facts.size());
  const std::span<const Fact> values = atom.count ? std::span(&number, 1) : std::span(left.facts);
  for (const Fact& a : values) {
    for (const Fact& b : right) {
      if (!spend(atom.op == Op::not_in ? right.size() : 1)) return too_long();
      const bool equal = [&] {
        if (atom.op == Op::in || atom.op == Op::not_in) return lies_in(a, b) || same(a, b);
        return atom.constant ? fits(atom.type, a, b) : same(a, b);
      }();
      bool true_of = false;
      switch (atom.op) {
        case Op::is:
        case Op::in:
        case Op::contains:
          true_of = equal;
          break;
        case Op::is_not:
          true_of = !equal;
          break;
        case Op::starts_with:
          true_of = istarts_with_text(text_of(a), text_of(b));
          break;
        case Op::ends_with:
          true_of = iends_with_text(text_of(a), text_of(b));
          break;
        case Op::not_in:
          // Of several on the right side it may be none.
          true_of = !std::ranges::any_of(
              right, [&](const Fact& any) { return lies_in(a, any) || same(a, any); });
          break;
        default:
          true_of = holds(atom.op, order(a, b));
      }
      if (true_of) {
        remember_reading(atom, text_of(a));
        return Answer::yes;
      }
      if (atom.op == Op::not_in) break;
    }
  }
  return Answer::no;
}

Answer Evaluation::in_set(const Atom& atom, const Values& left) {
  const Values* key = nullptr;
  if (atom.key != kNone) {
    key = &slot(atom.key);
    if (key->status == Values::Status::failed) return Answer::failed;
    if (key->facts.empty()) return Answer::no;
  }
  for (const Fact& value : left.facts) {
    if (!spend(8)) return too_long();
    const auto found = one_in_set(atom, value, key);
    if (found != Answer::no) {
      if (found == Answer::yes) remember_reading(atom, text_of(value));
      return found;
    }
  }
  return Answer::no;
}

// Whether the comparison is true of one value: in or not in.
Answer Evaluation::one_in_set(const Atom& atom, const Fact& value, const Values* key) {
  const bool wanted = atom.op == Op::in;
  const auto& set = *atom.set;
  const auto said = [&](Answer answer) {
    if (answer == Answer::failed) {
      const auto& name = set.kind == Operand::Kind::list ? code_.set->lists[set.index].name
                                                         : code_.set->maps[set.index].name;
      return failed(fmt::format("{} can't be read", name));
    }
    return (answer == Answer::yes) == wanted ? Answer::yes : Answer::no;
  };
  if (set.kind == Operand::Kind::list) return said(asked_.lists.has(set.index, value));
  if (set.kind == Operand::Kind::map) return said(asked_.lists.has_key(set.index, value));
  for (const Fact& one : key->facts) {
    if (!spend(8)) return too_long();
    const auto answer = said(asked_.lists.has(set.index, one, value));
    if (answer != Answer::no) return answer;
  }
  return Answer::no;
}

Answer Evaluation::within(const Atom& atom, const Values& left) {
  for (const Fact& value : left.facts) {
    const auto text = text_of(value);
    // Looked for at every place of the text.
    if (!spend(16 + text.size())) return too_long();
    const auto found = asked_.lists.any_within(atom.set->index, text);
    if (found == Answer::failed) {
      return failed(fmt::format("{} can't be read", code_.set->lists[atom.set->index].name));
    }
    if (found == Answer::yes) {
      remember_reading(atom, text);
      return found;
    }
  }
  return Answer::no;
}

void Evaluation::remember_reading(const Atom& atom, std::string_view text) {
  const Slot& slot = stage_.slots[atom.left];
  if (slot.each == kNone || slot.operand->value == nullptr || !slot.operand->value->readings)
    return;
  eaches_[slot.each].readings.emplace_back(slot.operand->value, text);
}

const ItemRef* Evaluation::matched_item(const RuleCode& rule, const ValueInfo& value) const {
  for (const auto atom : rule.eaches) {
    const auto& state = eaches_[stage_.atoms[atom].target];
    if (atoms_[atom] == 1 + static_cast<int>(Answer::yes) && state.item.item->name == value.item) {
      return &state.item;
    }
  }
  return nullptr;
}

std::string_view Evaluation::matched_reading(const RuleCode& rule, const ValueInfo& value) const {
  const auto* item = matched_item(rule, value);
  if (item == nullptr) return {};
  for (const auto& state : eaches_) {
    if (&state.item != item) continue;
    for (const auto& [of, text] : state.readings) {
      if (of == &value) return text;
    }
  }
  return {};
}

void Evaluation::record(std::uint32_t at, Answer truth, bool known) {
  const Instruction& instruction = stage_.code[at];
  const Atom& atom = stage_.atoms[instruction.atom];
  ClauseTrace clause;
  clause.condition = stage_.origins[at];
  clause.truth = truth;
  clause.known = known;
  if (innermost_ != kNone) clause.item = eaches_[innermost_].item.index;
  if (atom.left != kNone) {
    const Slot& slot = stage_.slots[atom.left];
    Values& values = this->slot(atom.left);
    for (const Fact& fact : values.facts) {
      if (clause.values.size() == 8) break;
      clause.values.push_back(rendered(*slot.operand, fact));
    }
    if (atom.answered && truth == Answer::yes) {
      const ItemRef* item = slot.each == kNone ? nullptr : &eaches_[slot.each].item;
      clause.matched = asked_.facts.matched(*atom.condition, item);
    }
  }
  clauses_->push_back(std::move(clause));
}

}  // namespace sekisho::rules::engine
