// RuleSet: the checked form of all rule files, what the checker makes and the engine compiles.
// Immutable after check(); any thread. Lists and maps of files are only named here: their items are
// loaded beside it (list_file.h), since they change more often.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rules/check/condition.h"
#include "rules/check/regex.h"
#include "rules/check/stage.h"
#include "rules/check/type.h"

namespace sekisho::rules {

struct List {
  std::string name;
  Type type = Type::word;
  std::string file;  // empty: the items stand here
  std::vector<Constant> items;
  Span span;
};

struct Map {
  std::string name;
  Type key = Type::word;
  Type value = Type::word;
  std::string file;
  std::vector<std::pair<Constant, std::vector<Constant>>> entries;
  Span span;
};

struct Pattern {
  std::string name;
  double weight = 1;
  std::size_t regex = 0;
};

struct Patterns {
  std::string name;
  Operand area;
  std::vector<Pattern> patterns;
  Span span;
};

struct Limit {
  enum class Unit : std::uint8_t {
    messages,
    recipients,
    new_recipients,
    connections,
    bytes,
    refusals
  };
  std::string name;
  Unit unit = Unit::recipients;
  bool share = false;  // of `unit` refused; else a count
  std::vector<Operand> keys;
  ConditionPtr only_when;
  std::uint64_t amount = 0;            // for each period
  std::uint64_t at_once = 0;           // the burst; amount where it is not said
  std::chrono::milliseconds period{};  // or the window of a share
  std::uint64_t at_least = 0;          // of a share: below it says nothing
  Stage from = Stage::connect;         // its keys are known
  Span span;
};

// The stage at which what it counts happens; nothing: only the outcome tells.
[[nodiscard]] std::optional<Stage> counted_at(Limit::Unit unit);

struct Score {
  std::string name;
  Span span;
};

// A text with {values} in it.
struct Template {
  std::vector<std::variant<std::string, Operand>> pieces;
};

struct Action {
  ast::Action::Kind kind = ast::Action::Kind::accept;
  Span span;
  std::uint16_t code = 0;
  std::string enhanced;  // "5.7.1"
  std::string name;      // header field, upstream, whom to notify, URL, file of a text
  Template text;
  std::chrono::milliseconds time{};
  std::optional<Operand> value;
  std::size_t score = 0;
};

enum class OnError : std::uint8_t { defer, reject, proceed };

struct Rule {
  std::string name;
  std::string sentence;
  Span span;  // of the name
  Stage stage = Stage::connect;
  ConditionPtr when;  // the group's condition and the rule's own; null: always
  std::vector<Action> actions;
  bool off = false;
  std::optional<std::chrono::sys_days> shadow_until;
  bool then_enforce = false;
  OnError on_error = OnError::defer;
  std::string group;

  [[nodiscard]] bool acts() const { return !off && !shadow_until; }
  [[nodiscard]] bool is_final() const;
};

struct RuleSet {
  std::vector<List> lists;
  std::vector<Map> maps;
  std::vector<Patterns> patterns;
  std::vector<Limit> limits;
  std::vector<Score> scores;
  std::vector<Regex> regexes;
  std::vector<Rule> rules;  // in file order, which is the order they are asked in
  std::vector<ast::Test> tests;
};

// Whether no later rule of the stage is asked after it.
[[nodiscard]] bool is_final(ast::Action::Kind kind);

}  // namespace sekisho::rules
