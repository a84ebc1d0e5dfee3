#include "rules/content/plan.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "rules/content/wire.h"

namespace sekisho::rules::content {
namespace {

constexpr std::uint64_t kVersion = 1;

struct Reading {
  std::string_view value;
  Want want;
};

// What must be read for a value. Those of items are wanted with their item, those of addresses with
// their field; dkim and dmarc are the gateway's own findings, and so is the size.
constexpr std::array kReadings = {
    Reading{"subject", Want::subject},
    Reading{"message.id", Want::message_id},
    Reading{"message.hash", Want::hash},
    Reading{"text", Want::text},
    Reading{"text.card_numbers", Want::cards},
    Reading{"text.card_numbers.masked", Want::cards},
    Reading{"text.ibans", Want::ibans},
    Reading{"text.ibans.masked", Want::ibans},
    Reading{"html", Want::html},
    Reading{"source", Want::source},
    Reading{"url.misleading", Want::disguises},
    Reading{"url.lookalike", Want::disguises},
    Reading{"address.misleading", Want::disguises},
    Reading{"header.from", Want::from},
    Reading{"header.from.domain", Want::from},
    Reading{"header.to", Want::to},
    Reading{"header.cc", Want::cc},
    Reading{"header.reply_to", Want::reply_to},
    Reading{"header.sender", Want::sender},
    Reading{"header.date", Want::date},
    Reading{"header.name", Want::fields},
    Reading{"header.value", Want::fields},
    Reading{"part.hash", Want::part_hash},
    Reading{"attachment.hash", Want::part_hash},
};

struct Large {
  std::string_view value;
  Want home;
};
constexpr std::array kLarge = {
    Large{"text", Want::text_home},
    Large{"html", Want::html_home},
    Large{"source", Want::source_home},
    Large{"raw", Want::raw_home},
};

const Large* large(const Operand& operand) {
  if (operand.kind != Operand::Kind::value) return nullptr;
  const auto* found = std::ranges::find(kLarge, operand.value->name, &Large::value);
  return found == kLarge.end() ? nullptr : found;
}

// The field matters only where addresses are asked.
const ValueInfo* field_of(const Condition& condition, const ValueInfo* of) {
  const ValueInfo* value = condition.left.value;
  return value != nullptr && value->item == "address" ? of : nullptr;
}

std::optional<Atom::Kind> kind_of(Op op) {
  switch (op) {
    case Op::matches:
      return Atom::Kind::matches;
    case Op::contains:
      return Atom::Kind::contains;
    case Op::starts_with:
      return Atom::Kind::starts_with;
    case Op::ends_with:
      return Atom::Kind::ends_with;
    case Op::present:
    case Op::absent:
      return Atom::Kind::present;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool is_of_message(const ValueInfo& value) {
  static constexpr std::array<std::string_view, 3> kOthers{"dkim", "dkim.domain", "dmarc"};
  return value.from == Stage::message && std::ranges::find(kOthers, value.name) == kOthers.end();
}

class PlanMaker {
 public:
  explicit PlanMaker(const RuleSet& rules) : rules_(rules) {}

  Plan make() {
    for (const Rule& rule : rules_.rules) {
      if (rule.off) continue;
      if (rule.when) take(*rule.when, nullptr);
      for (const Action& action : rule.actions) {
        if (action.value) take(*action.value);
        for (const auto& piece : action.text.pieces) {
          if (const auto* operand = std::get_if<Operand>(&piece)) take(*operand);
        }
      }
    }
    for (const Limit& limit : rules_.limits) {
      for (const Operand& key : limit.keys) take(key);
      if (limit.only_when) take(*limit.only_when, nullptr);
    }
    std::ranges::sort(plan_.headers_);
    return std::move(plan_);
  }

 private:
  void take(const Condition& condition, const ValueInfo* of) {
    switch (condition.kind) {
      case Condition::Kind::each:
        take_item(condition.item->name);
        if (condition.item->of_value) of = condition.left.value;
        if (of != nullptr) take_value(*of);
        break;
      case Condition::Kind::patterns:
        take_patterns(condition.patterns);
        break;
      case Condition::Kind::compare:
        take_comparison(condition, of);
        return;
      default:
        break;
    }
    for (const auto& child : condition.children) take(*child, of);
  }

  void take_comparison(const Condition& condition, const ValueInfo* of) {
    if (condition.right) take(*condition.right);
    if (ask(condition, of)) return;
    take(condition.left);
  }

  // Whether it is a question for the reader.
  bool ask(const Condition& condition, const ValueInfo* of) {
    const auto kind = kind_of(condition.op);
    const Operand& left = condition.left;
    if (!kind || condition.count || left.many) return false;
    const bool pattern = *kind == Atom::Kind::matches;
    if (!pattern && large(left) == nullptr) return false;
    const bool text = *kind != Atom::Kind::matches && *kind != Atom::Kind::present;
    if (text && (!condition.right || !condition.right->constant)) return false;
    const auto target = target_of(left, of);
    if (!target) return false;
    if (left.kind == Operand::Kind::header) {
      take_header(left.header);
    } else {
      take_value(*left.value);
    }
    Atom atom{.target = *target, .kind = *kind, .text = {}, .flags = {}};
    if (pattern) {
      atom.text = rules_.regexes[condition.regex].pattern();
      atom.flags = rules_.regexes[condition.regex].flags();
    } else if (text) {
      const auto* looked_for = std::get_if<std::string>(&condition.right->constant->value);
      if (looked_for == nullptr) return false;
      atom.text = to_lower(*looked_for);
    }
    const std::size_t index = index_of(std::move(atom));
    const ValueInfo* field = field_of(condition, of);
    plan_.by_condition_[{&condition, field}] = index;
    plan_.by_words_[{to_string(condition), field}] = index;
    return true;
  }

  static std::optional<Target> target_of(const Operand& operand, const ValueInfo* of) {
    if (operand.kind == Operand::Kind::header)
      return Target{.value = "header", .of = to_lower(operand.header)};
    if (operand.kind != Operand::Kind::value || !is_of_message(*operand.value)) return std::nullopt;
    if (operand.value->item != "address")
      return Target{.value = std::string(operand.value->name), .of = {}};
    if (of == nullptr) return std::nullopt;
    return Target{.value = std::string(operand.value->name), .of = std::string(of->name)};
  }

  void take_patterns(std::size_t index) {
    if (plan_.by_patterns_.contains(index)) return;
    const Patterns& patterns = rules_.patterns[index];
    const auto target = target_of(patterns.area, nullptr);
    if (!target) return;
    if (patterns.area.kind == Operand::Kind::header) {
      take_header(patterns.area.header);
    } else {
      take_value(*patterns.area.value);
    }
    auto& atoms = plan_.by_patterns_[index];
    for (const Pattern& pattern : patterns.patterns) {
      const Regex& regex = rules_.regexes[pattern.regex];
      atoms.push_back(index_of({.target = *target,
                                .kind = Atom::Kind::matches,
                                .text = regex.pattern(),
                                .flags = regex.flags()}));
    }
  }

  void take(const Operand& operand) {
    if (operand.key) take(*operand.key);
    if (operand.constant) return;
    switch (operand.kind) {
      case Operand::Kind::value:
        take_value(*operand.value);
        if (const Large* area = large(operand)) plan_.want(area->home);
        return;
      case Operand::Kind::header:
        take_header(operand.header);
        return;
      case Operand::Kind::patterns:
        take_patterns(operand.index);
        return;
      default:
        return;
    }
  }

  void take_value(const ValueInfo& value) {
    for (const Reading& reading : kReadings) {
      if (reading.value == value.name) plan_.want(reading.want);
    }
    take_item(value.item);
  }

  void take_item(std::string_view item) {
    if (item == "part" || item == "attachment") plan_.want(Want::parts);
    if (item == "url") plan_.want(Want::urls);
    if (item == "header") plan_.want(Want::fields);
  }

  void take_header(std::string_view name) {
    std::string lower = to_lower(name);
    if (std::ranges::find(plan_.headers_, lower) == plan_.headers_.end())
      plan_.headers_.push_back(std::move(lower));
  }

  std::size_t index_of(Atom atom) {
    const auto [place, fresh] = known_.try_emplace(atom, plan_.atoms_.size());
    if (fresh) plan_.atoms_.push_back(std::move(atom));
    return place->second;
  }

  const RuleSet& rules_;
  Plan plan_;
  std::map<Atom, std::size_t> known_;
};

Plan Plan::of(const RuleSet& rules) { return PlanMaker(rules).make(); }

std::optional<std::size_t> Plan::atom_of(const Condition& condition, const ValueInfo* of) const {
  const ValueInfo* value = condition.left.value;
  if (value != nullptr && !is_of_message(*value)) return std::nullopt;
  const ValueInfo* field = field_of(condition, of);
  if (const auto found = by_condition_.find({&condition, field}); found != by_condition_.end())
    return found->second;
  if (!kind_of(condition.op)) return std::nullopt;
  const auto same = by_words_.find({to_string(condition), field});
  if (same == by_words_.end()) return std::nullopt;
  return same->second;
}

const std::vector<std::size_t>* Plan::patterns(std::size_t index) const {
  const auto found = by_patterns_.find(index);
  return found == by_patterns_.end() ? nullptr : &found->second;
}

std::string Plan::encode() const {
  WireWriter out;
  out.number(kVersion);
  out.number(wants_);
  out.number(headers_.size());
  for (const auto& header : headers_) out.text(header);
  out.number(atoms_.size());
  for (const Atom& atom : atoms_) {
    out.text(atom.target.value);
    out.text(atom.target.of);
    out.number(static_cast<std::uint64_t>(atom.kind));
    out.text(atom.text);
    out.text(atom.flags);
  }
  return out.take();
}

Result<Plan> Plan::decode(std::string_view bytes) {
  WireReader in(bytes);
  Plan plan;
  if (in.number() != kVersion) in.spoil();
  const std::uint64_t wants = in.number();
  if (wants >> kWants != 0) in.spoil();
  plan.wants_ = static_cast<std::uint32_t>(wants);
  for (std::size_t left = in.count(); left > 0 && in.good(); --left)
    plan.headers_.emplace_back(in.text());
  if (!std::ranges::is_sorted(plan.headers_)) in.spoil();
  for (std::size_t left = in.count(); left > 0 && in.good(); --left) {
    Atom atom;
    atom.target.value = in.text();
    atom.target.of = in.text();
    const std::uint64_t kind = in.number();
    if (kind > static_cast<std::uint64_t>(Atom::Kind::present)) in.spoil();
    atom.kind = static_cast<Atom::Kind>(kind);
    atom.text = in.text();
    atom.flags = in.text();
    const bool header =
        atom.target.value == "header" && std::ranges::binary_search(plan.headers_, atom.target.of);
    const ValueInfo* value = find_value(atom.target.value);
    if (!header && (value == nullptr || !is_of_message(*value))) in.spoil();
    plan.atoms_.push_back(std::move(atom));
  }
  if (!in.done()) return fail(ErrorKind::invalid, "no plan of what rules ask of a message");
  return plan;
}

}  // namespace sekisho::rules::content
