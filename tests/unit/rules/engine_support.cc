#include "tests/unit/rules/engine_support.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "rules/engine/compare.h"

namespace sekisho::rules::testing {

using engine::Answer;
using engine::Fact;

namespace {

Fact fact_of(const Constant& constant, std::deque<std::string>& texts) {
  return std::visit(
      [&]<class T>(const T& value) -> Fact {
        if constexpr (std::is_same_v<T, std::string>) {
          return std::string_view(texts.emplace_back(value));
        } else {
          return value;
        }
      },
      constant.value);
}

bool fits(const Fact& value, const Constant& item) {
  std::deque<std::string> texts;
  const auto constant = fact_of(item, texts);
  return engine::fits(item.type, value, constant) || engine::lies_in(value, constant);
}

Answer answer(bool yes) { return yes ? Answer::yes : Answer::no; }

}  // namespace

std::vector<Fact> FakeFacts::read(const std::string& value, const Texts& written) {
  const auto* info = find_value(value);
  std::vector<Fact> facts;
  if (info == nullptr) {
    ADD_FAILURE() << "no value " << value;
    return facts;
  }
  for (const auto& text : written) {
    if (info->type == Type::text) {
      facts.emplace_back(std::string_view(texts_.emplace_back(text)));
    } else if (info->type == Type::boolean) {
      facts.emplace_back(text == "yes");
    } else if (const auto constant = read_constant(info->type, text)) {
      facts.push_back(fact_of(*constant, texts_));
    } else {
      facts.emplace_back(std::string_view(texts_.emplace_back(text)));
    }
  }
  return facts;
}

void FakeFacts::set_all(const std::string& value, const Texts& written) {
  values_[value] = read(value, written);
}

void FakeFacts::item(const std::string& name, const std::map<std::string, Texts>& values,
                     const std::string& of) {
  Values known;
  for (const auto& [value, written] : values) known[value] = read(value, written);
  items_[of.empty() ? name : name + " in " + of].push_back(std::move(known));
}

void FakeFacts::values(const ValueInfo& value, const engine::ItemRef* item,
                       std::vector<Fact>& out) const {
  ++asked;
  const Values* from = &values_;
  if (item != nullptr) {
    std::string name(item->item->name);
    if (item->of != nullptr) name += " in " + std::string(item->of->name);
    from = &items_.at(name).at(item->index);
  }
  const auto found = from->find(std::string(value.name));
  if (found == from->end()) return;
  out.insert(out.end(), found->second.begin(), found->second.end());
}

void FakeFacts::header(std::string_view name, std::vector<Fact>& out) const {
  const auto found = headers_.find(std::string(name));
  if (found == headers_.end()) return;
  for (const auto& text : found->second) out.emplace_back(std::string_view(text));
}

std::size_t FakeFacts::count(const ItemInfo& item, const ValueInfo* of) const {
  std::string name(item.name);
  if (of != nullptr) name += " in " + std::string(of->name);
  const auto found = items_.find(name);
  return found == items_.end() ? 0 : found->second.size();
}

std::optional<Answer> FakeFacts::answered(const Condition& atom,
                                          const engine::ItemRef* /*item*/) const {
  const auto found = answers.find(to_string(atom));
  if (found == answers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::vector<Answer>> FakeFacts::patterns(std::size_t index) const {
  const auto found = pattern_answers.find(index);
  if (found == pattern_answers.end()) return std::nullopt;
  return found->second;
}

Answer FakeLists::has(std::size_t list, const Fact& value) const {
  if (broken) return Answer::failed;
  return answer(std::ranges::any_of(set->lists[list].items,
                                    [&](const Constant& item) { return fits(value, item); }));
}

Answer FakeLists::any_within(std::size_t list, std::string_view text) const {
  if (broken) return Answer::failed;
  const auto lower = to_lower(text);
  return answer(std::ranges::any_of(set->lists[list].items, [&](const Constant& item) {
    return lower.contains(to_lower(std::get<std::string>(item.value)));
  }));
}

Answer FakeLists::has_key(std::size_t map, const Fact& key) const {
  if (broken) return Answer::failed;
  return answer(std::ranges::any_of(set->maps[map].entries,
                                    [&](const auto& entry) { return fits(key, entry.first); }));
}

Answer FakeLists::has(std::size_t map, const Fact& key, const Fact& value) const {
  if (broken) return Answer::failed;
  for (const auto& [own, values] : set->maps[map].entries) {
    if (!fits(key, own)) continue;
    return answer(std::ranges::any_of(values, [&](const auto& one) { return fits(value, one); }));
  }
  return Answer::no;
}

Answer FakeLists::values(std::size_t map, const Fact& key, std::vector<std::string>& out) const {
  if (broken) return Answer::failed;
  for (const auto& [own, values] : set->maps[map].entries) {
    if (!fits(key, own)) continue;
    for (const auto& value : values) out.push_back(std::get<std::string>(value.value));
    return Answer::yes;
  }
  return Answer::no;
}

std::optional<engine::LimitState> FakeLimits::ask(const engine::LimitEvent& event,
                                                  engine::Use use) {
  const auto& limit = set->limits[event.limit];
  const bool charge = use == engine::Use::charge;
  asked.push_back(fmt::format("{} {} {}", charge ? "charge" : "read", limit.name, event.key));
  if (broken) return std::nullopt;
  auto& count = counts[fmt::format("{} {}", limit.name, event.key)];
  engine::LimitState state;
  if (limit.share) {
    if (shares.contains(limit.name)) state.percent = shares[limit.name];
    state.total = 81;
    return state;
  }
  state.exceeded = count + event.amount > limit.at_once;
  if (!state.exceeded && charge) count += event.amount;
  state.count = count;
  if (state.exceeded) state.wait = std::chrono::seconds(90);
  return state;
}

namespace {
MemoryFiles one_file(const std::string& text) {
  MemoryFiles files;
  files.files["main.rules"] = text;
  return files;
}
}  // namespace

Engine::Engine(const std::string& text) : Engine(one_file(text)) {}

Engine::Engine(MemoryFiles files) {
  check_all(files, {"main.rules"}, checked);
  EXPECT_FALSE(checked.diagnostics.has_errors()) << checked.said();
  set = std::make_shared<const RuleSet>(checked.set);
  program = engine::Program::compile(set);
  lists.set = set.get();
  limits.set = set.get();
}

std::string Engine::says(Stage stage) {
  const auto decision = at(stage);
  std::string all;
  for (const auto& effect : decision.effects) {
    if (!all.empty()) all += ", ";
    all += effect.text;
  }
  if (!all.empty()) all += ", ";
  all += to_string(decision.end);
  if (decision.rule) all += " by " + name(*decision.rule);
  return all;
}

}  // namespace sekisho::rules::testing
