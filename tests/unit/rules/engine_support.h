// A rule set that runs against facts, lists and limits made by hand.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rules/engine/program.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::testing {

class FakeFacts : public engine::Facts {
 public:
  using Texts = std::vector<std::string>;

  // "10" of a number, "10MB" of a size: as a constant of the value's type is written.
  void set_all(const std::string& value, const Texts& written);
  void set(const std::string& value, const std::string& written) { set_all(value, Texts{written}); }
  void yes(const std::string& value) { values_[value] = {true}; }
  void clear(const std::string& value) { values_.erase(value); }
  void field(const std::string& name, const Texts& texts) { headers_[name] = texts; }
  // One more item: what is known of it by the name of the value. `of`: header.from.
  void item(const std::string& name, const std::map<std::string, Texts>& values,
            const std::string& of = {});
  void clear_items() { items_.clear(); }

  std::map<std::string, engine::Answer> answers;  // by to_string of the condition
  std::map<std::size_t, std::vector<engine::Answer>> pattern_answers;
  mutable std::size_t asked = 0;  // how often values were read

  void values(const ValueInfo& value, const engine::ItemRef* item,
              std::vector<engine::Fact>& out) const override;
  void header(std::string_view name, std::vector<engine::Fact>& out) const override;
  std::size_t count(const ItemInfo& item, const ValueInfo* of) const override;
  std::optional<engine::Answer> answered(const Condition& atom,
                                         const engine::ItemRef* item) const override;
  std::optional<std::vector<engine::Answer>> patterns(std::size_t index) const override;

 private:
  using Values = std::map<std::string, std::vector<engine::Fact>>;
  std::vector<engine::Fact> read(const std::string& value, const Texts& written);

  Values values_;
  std::map<std::string, Texts> headers_;
  std::map<std::string, std::vector<Values>> items_;  // "part", "address in header.from"
  std::deque<std::string> texts_;
};

// The items that stand in the rule files; what a test calls broken can't be read.
class FakeLists : public engine::Lists {
 public:
  const RuleSet* set = nullptr;
  bool broken = false;

  engine::Answer has(std::size_t list, const engine::Fact& value) const override;
  engine::Answer any_within(std::size_t list, std::string_view text) const override;
  engine::Answer has_key(std::size_t map, const engine::Fact& key) const override;
  engine::Answer has(std::size_t map, const engine::Fact& key,
                     const engine::Fact& value) const override;
  engine::Answer values(std::size_t map, const engine::Fact& key,
                        std::vector<std::string>& out) const override;
};

// Counts without time: `at_once` of the limit, and then no more.
class FakeLimits : public engine::Limits {
 public:
  const RuleSet* set = nullptr;
  bool broken = false;
  std::map<std::string, std::uint64_t> counts;  // by limit's name and key
  std::map<std::string, double> shares;         // by limit's name
  std::vector<std::string> asked;               // "charge user_rate alice"

  std::optional<engine::LimitState> ask(const engine::LimitEvent& event, engine::Use use) override;
};

// One text of rules, ready to be asked.
class Engine {
 public:
  explicit Engine(const std::string& text);
  explicit Engine(MemoryFiles files);  // "main.rules" and what it names
  Engine(const Engine&) = delete;

  engine::Decision at(Stage stage, engine::Trace* trace = nullptr) {
    return program->run(stage, facts, lists, limits, state, trace);
  }
  // "reject by no-programs", "none"; effects before it: "tag odd, reject by …".
  std::string says(Stage stage);
  [[nodiscard]] std::string name(std::size_t rule) const { return set->rules[rule].name; }

  Checked checked;
  std::shared_ptr<const RuleSet> set;
  std::shared_ptr<const engine::Program> program;
  FakeFacts facts;
  FakeLists lists;
  FakeLimits limits;
  engine::State state;
};

}  // namespace sekisho::rules::testing
