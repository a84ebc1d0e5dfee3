// Where the values of an evaluation come from, and the patterns and limits that it asks.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/engine/compare.h"
#include "rules/engine/evaluate.h"
#include "rules/engine/program.h"
#include "rules/lists/fold.h"

namespace sekisho::rules::engine {
namespace {

const ValueInfo& value_named(std::string_view name) { return *find_value(name); }

// One text for one value, in the form in which lists compare it: who writes his name another way
// has no other count.
std::string key_text(Type type, const Fact& fact) {
  return std::visit(
      [type]<class T>(const T& value) -> std::string {
        if constexpr (requires { value.to_string(); }) {
          return value.to_string();
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          return std::string(lists::Folded(type, value).view());
        } else {
          return fmt::format("{}", value);
        }
      },
      fact);
}

}  // namespace

Evaluation::Values& Evaluation::slot(std::uint32_t index) {
  Values& values = slots_[index];
  if (values.status != Values::Status::unread) return values;
  const Slot& slot = stage_.slots[index];
  values.facts.clear();
  const ItemRef* item = slot.each == kNone ? nullptr : &eaches_[slot.each].item;
  values.status = this->values(*slot.operand, item, values.facts) ? Values::Status::read
                                                                  : Values::Status::failed;
  spend(2 + values.facts.size());
  return values;
}

bool Evaluation::values(const Operand& operand, const ItemRef* item, std::vector<Fact>& out) {
  using Kind = Operand::Kind;
  static const ValueInfo& tags = value_named("tags");
  switch (operand.kind) {
    case Kind::constant:
      if (operand.constant) out.push_back(fact_of(*operand.constant));
      return true;
    case Kind::value:
      if (operand.value == &tags) {
        for (const auto& tag : asked_.state.tags()) out.emplace_back(std::string_view(tag));
      } else {
        asked_.facts.values(*operand.value, item, out);
      }
      return true;
    case Kind::header:
      asked_.facts.header(operand.header, out);
      return true;
    case Kind::score:
      out.emplace_back(asked_.state.score(operand.index));
      return true;
    case Kind::limit:
      return limit_values(operand, out);
    case Kind::patterns:
      return patterns_values(operand, out);
    case Kind::list:
    case Kind::map:
    case Kind::lookup:
      break;
  }
  return true;
}

bool Evaluation::limit_values(const Operand& operand, std::vector<Fact>& out) {
  const auto& answer = limit(operand.index);
  if (answer.status == LimitAnswer::Status::failed) return false;
  if (answer.status == LimitAnswer::Status::none) return true;
  const auto& state = answer.state;
  switch (operand.member) {
    case Operand::Member::wait:
      out.emplace_back(static_cast<std::uint64_t>(std::max<std::int64_t>(0, state.wait.count())));
      break;
    case Operand::Member::count:
      out.emplace_back(static_cast<double>(state.count));
      break;
    case Operand::Member::total:
      out.emplace_back(static_cast<double>(state.total));
      break;
    default:  // the share itself, or .percent
      if (state.percent) out.emplace_back(*state.percent);
  }
  return true;
}

bool Evaluation::patterns_values(const Operand& operand, std::vector<Fact>& out) {
  const auto* answers = patterns(operand.index);
  if (answers == nullptr) return false;
  const auto& set = code_.set->patterns[operand.index];
  double count = 0;
  double score = 0;
  for (std::size_t i = 0; i < set.patterns.size() && i < answers->size(); ++i) {
    if ((*answers)[i] == Answer::failed && operand.member != Operand::Member::matched) {
      failed(fmt::format("the pattern {} of {} came to its limit", set.patterns[i].name, set.name));
      return false;
    }
    if ((*answers)[i] != Answer::yes) continue;
    ++count;
    score += set.patterns[i].weight;
    if (operand.member == Operand::Member::matched) {
      out.emplace_back(std::string_view(set.patterns[i].name));
    }
  }
  if (operand.member == Operand::Member::count) out.emplace_back(count);
  if (operand.member == Operand::Member::score) out.emplace_back(score);
  return true;
}

const std::vector<Answer>* Evaluation::patterns(std::size_t index) {
  using Status = PatternsAnswer::Status;
  auto& known = patterns_[index];
  const auto& set = code_.set->patterns[index];
  if (known.status == Status::failed) failed(fmt::format("{} can't be searched", set.name));
  if (known.status != Status::unasked) {
    return known.status == Status::known ? &known.answers : nullptr;
  }
  known.status = Status::failed;
  if (auto said = asked_.facts.patterns(index)) {
    if (said->size() != set.patterns.size()) {
      failed(fmt::format("{} was not searched whole", set.name));
      return nullptr;
    }
    known.answers = std::move(*said);
    known.status = Status::known;
    return &known.answers;
  }
  // Nobody answered: over what is short, and of the links all of them.
  std::vector<Fact> texts;
  if (set.area.value != nullptr && !set.area.value->item.empty()) {
    const auto& item = *find_item(set.area.value->item);
    ItemRef at{&item, nullptr, 0};
    const auto count = asked_.facts.count(item, nullptr);
    for (; at.index < count && spend(2); ++at.index) {
      if (!values(set.area, &at, texts)) return nullptr;
    }
  } else if (!values(set.area, nullptr, texts)) {
    return nullptr;
  }
  static constexpr std::array<std::string_view, 4> areas = {"text", "html", "source", "raw"};
  const bool area =
      set.area.value != nullptr && std::ranges::find(areas, set.area.value->name) != areas.end();
  if (area && texts.empty()) {
    failed("nobody has looked into the message");
    return nullptr;
  }
  for (const auto& pattern : set.patterns) {
    Answer answer = Answer::no;
    for (const Fact& text : texts) {
      answer = match(code_.set->regexes[pattern.regex], text_of(text));
      if (answer != Answer::no) break;
    }
    known.answers.push_back(answer);
  }
  known.status = Status::known;
  return &known.answers;
}

Answer Evaluation::regex(const Atom& atom, const Values& left) {
  for (const Fact& value : left.facts) {
    const auto answer = match(code_.set->regexes[atom.condition->regex], text_of(value));
    if (answer == Answer::yes) remember_reading(atom, text_of(value));
    if (answer != Answer::no) return answer;
  }
  return Answer::no;
}

Answer Evaluation::match(const Regex& regex, std::string_view text) {
  if (text.size() > kMaxOwnText) return failed("nobody has searched this long text");
  // What a pattern takes is known only by the limit it stays below, so it is given more step by
  // step; the last one is that of all patterns.
  static constexpr std::array<std::uint32_t, 3> limits = {100, 2'000, kMatchLimit};
  for (const auto limit : limits) {
    if (!spend(50 + text.size() / 16)) break;
    const auto result = regex.match(text, limit);
    spend(limit);
    if (result == MatchResult::limit) continue;
    if (result == MatchResult::failed) return failed("a pattern failed");
    return result == MatchResult::match ? Answer::yes : Answer::no;
  }
  return failed(fmt::format("the pattern /{}/ came to its limit", regex.pattern().substr(0, 80)));
}

Answer Evaluation::contains(const Atom& atom, Values& left) {
  lower(left);
  std::vector<std::string> wanted;
  if (atom.constant) {
    wanted.emplace_back(text_of(atom.value));
  } else {
    const Values& right = slot(atom.right);
    if (right.status == Values::Status::failed) return Answer::failed;
    for (const Fact& value : right.facts) wanted.push_back(to_lower(text_of(value)));
  }
  for (std::size_t i = 0; i < left.lower.size(); ++i) {
    for (const auto& text : wanted) {
      if (!spend(1 + left.lower[i].size() / 16)) {
        return too_long();
      }
      // An empty text is in every one, which is never what was meant by a value that is empty.
      if (text.empty() || left.lower[i].find(text) == std::string::npos) continue;
      remember_reading(atom, text_of(left.facts[i]));
      return Answer::yes;
    }
  }
  return Answer::no;
}

Answer Evaluation::ask_limit(const Atom& atom) {
  const auto& answer = limit(stage_.slots[atom.left].operand->index);
  if (answer.status == LimitAnswer::Status::failed) return Answer::failed;
  const bool yes = answer.status == LimitAnswer::Status::known && answer.state.exceeded;
  return yes ? Answer::yes : Answer::no;
}

std::optional<std::string> Evaluation::limit_key(std::size_t index, bool& failed) {
  const auto& limit = code_.set->limits[index];
  const auto counts = run(stage_.only_when[index]);
  failed = counts == Answer::failed;
  if (counts != Answer::yes) return std::nullopt;
  std::string key;
  for (const auto& operand : limit.keys) {
    std::vector<Fact> facts;
    failed = !values(operand, nullptr, facts);
    if (failed || facts.empty()) return std::nullopt;
    const auto text = key_text(operand.type, facts[0]);
    key += limit.keys.size() == 1 ? text : fmt::format("{}:{},", text.size(), text);
  }
  return key;
}

const Evaluation::LimitAnswer& Evaluation::limit(std::size_t index) {
  using Status = LimitAnswer::Status;
  auto& answer = limits_[index];
  const auto& limit = code_.set->limits[index];
  if (answer.status == Status::failed)
    failed(fmt::format("the limit {} can't be asked", limit.name));
  if (answer.status != Status::unasked) return answer;
  // Until it is known otherwise, so that a limit which asks itself fails.
  answer.status = Status::failed;
  bool bad = false;
  const auto key = limit_key(index, bad);
  if (bad) return answer;
  answer.status = Status::none;
  if (!key || asked_.limits == nullptr) return answer;
  LimitEvent event{.limit = index, .key = *key, .amount = 1, .recipient = {}};
  std::vector<Fact> facts;
  std::string recipient;
  if (limit.unit == Limit::Unit::bytes && asked_.stage >= Stage::message) {
    asked_.facts.values(value_named("message.size"), nullptr, facts);
    const auto* size = facts.empty() ? nullptr : std::get_if<std::uint64_t>(&facts[0]);
    if (size == nullptr) {
      answer.status = Status::failed;
      failed(fmt::format("the limit {} counts bytes, and nobody knows how many", limit.name));
      return answer;
    }
    event.amount = *size;
  } else if (limit.unit == Limit::Unit::new_recipients && asked_.stage == Stage::rcpt) {
    asked_.facts.values(value_named("rcpt"), nullptr, facts);
    if (!facts.empty()) recipient = to_lower(text_of(facts[0]));
    event.recipient = recipient;
  }
  const bool counts = std::ranges::find(stage_.counts, index) != stage_.counts.end();
  spend(20);
  const auto said = asked_.limits->ask(event, counts ? Use::charge : Use::read);
  if (!said) {
    answer.status = Status::failed;
    failed(fmt::format("the limit {} can't be asked", limit.name));
    return answer;
  }
  answer.status = Status::known;
  answer.state = *said;
  return answer;
}

void Evaluation::charge(std::size_t index) { limit(index); }

}  // namespace sekisho::rules::engine
