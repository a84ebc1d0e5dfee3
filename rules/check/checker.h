// The checker's inside: the names of a rule set, and one member for each thing that is checked. A
// member that returns an optional or a pointer has reported why when it returns nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/check.h"

namespace sekisho::rules {

class Checker {
 public:
  Checker(const Sources& sources, const CheckContext& context, Diagnostics& diagnostics)
      : sources_(sources), context_(context), diagnostics_(diagnostics) {}
  RuleSet check(std::span<const ast::Declaration* const> declarations);

 private:
  enum class Named : std::uint8_t { list, map, patterns, limit, score, define };
  struct Symbol {
    Named kind = Named::list;
    std::size_t index = 0;
    Span span;
    bool used = false;
  };
  struct DefineState {
    const ast::Define* source = nullptr;
    bool running = false;
    bool done = false;
    ConditionPtr condition;
  };
  // Where a condition or text stands.
  struct Place {
    Stage stage = Stage::connect;
    std::vector<std::string_view> items;  // bound by any … where
    std::optional<Span> use;              // inside a define: where that is used
    std::string_view define;
  };

  std::nullptr_t error(Span span, std::string message, std::string hint = {});
  [[nodiscard]] std::string at(Span span) const;  // "file:line", for "first declared at"

  // Names (names.cc).
  void declare(const ast::Declaration& declaration);
  void declare(const ast::Word& name, Named kind, std::size_t index);
  void declare_rule(const ast::Word& name);
  Symbol* find(std::string_view name);
  [[nodiscard]] std::string suggest_name(std::string_view word) const;
  std::size_t* use(const ast::Word& name, Named kind, std::string_view what);
  void report_unused();
  std::optional<Type> type_of_kind(const ast::Word& kind, bool in_list);

  // Declarations (check_declarations.cc, check_limit.cc).
  void list(const ast::List& source);
  void map(const ast::Map& source);
  void patterns(const ast::Patterns& source);
  std::optional<Constant> item(Type type, const ast::Word& word);
  void file_exists(const ast::Word& file, std::string_view what);
  void limit(const ast::Limit& source);
  void limit_count(const ast::Limit& source, Limit& limit);
  std::optional<std::uint64_t> whole_number(const ast::Word& word, std::string_view what);
  std::optional<std::chrono::milliseconds> time(const ast::Word& word, std::string_view what);
  std::optional<std::size_t> regex(const ast::Regex& source, bool lower_case_text);
  void judge(const Regex& regex, Span span, bool lower_case_text);

  // Values (check_operand.cc).
  std::optional<Operand> operand(const ast::Value& source);
  std::optional<Operand> named(const ast::Value& source);
  std::optional<Operand> member(const ast::Value& source, Symbol& symbol, std::string_view rest);
  std::optional<Operand> lookup(const ast::Value& source, Symbol& symbol);
  std::optional<Operand> constant(Type type, const ast::Value& source);
  [[nodiscard]] std::string describe(const Operand& operand) const;
  [[nodiscard]] bool is_name(const ast::Value& source) const;

  // Conditions (check_condition.cc, check_comparison.cc).
  ConditionPtr condition(const ast::Expr& source);
  ConditionPtr each(const ast::Expr& source);
  ConditionPtr some_patterns(const ast::Expr& source);
  ConditionPtr alone(const ast::Expr& source);
  ConditionPtr defined(const ast::Value& source, Symbol& symbol);
  ConditionPtr compare(const ast::Expr& source);
  bool compare(const ast::Expr& source, Condition& into);
  bool equals(const ast::Expr& source, Condition& into);
  bool is_in(const ast::Expr& source, Condition& into);
  bool ordered(const ast::Expr& source, Condition& into);
  bool textual(const ast::Expr& source, Condition& into);
  bool contains_one(const ast::Expr& source, Condition& into);
  bool presence(const ast::Expr& source, Condition& into);
  bool single(const Operand& left, Op op);
  // Whether everything in it is known at the place.
  void known(const Condition& condition, Place place);
  void known(const Operand& operand, const Place& place);
  void known_orphans(Stage stage);

  // Rules (check_rule.cc, check_actions.cc, check_reply.cc).
  void rule(const ast::Rule& source, const std::string& group, const ConditionPtr& guard);
  void group(const ast::Group& source);
  void shadow(const ast::Rule& source, Rule& rule);
  void on_error(const ast::Rule& source, Rule& rule);
  void actions(const ast::Rule& source, Rule& rule);
  std::optional<Action> action(const ast::Action& source, const Rule& rule);
  bool action_value(const ast::Action& source, const Rule& rule, Action& into);
  bool reply(const ast::Action& source, Action& into);
  bool header_name(const ast::Word& name);
  bool action_target(const ast::Action& source, Action& into);
  std::optional<Template> text(const ast::Word& source, const Rule& rule);
  void content_on_listeners(const Rule& rule);

  // Tests (check_test.cc).
  void test(const ast::Test& source);
  void step(const ast::Step& source);
  void given(const ast::Step& source);
  void expectation(const ast::Step& source);

  // The whole (check_order.cc).
  void scores_in_order();

  const Sources& sources_;
  const CheckContext& context_;
  Diagnostics& diagnostics_;
  RuleSet out_;
  std::map<std::string, Symbol, std::less<>> symbols_;
  std::map<std::string, Span, std::less<>> rules_;  // and groups
  std::map<std::string, Span, std::less<>> tests_;
  std::vector<DefineState> defines_;
  // Good parts of conditions that are not good as a whole: what is not known at their stage is said
  // in the same run.
  std::vector<ConditionPtr> orphans_;
  Stage stage_ = Stage::message;  // for hints while a condition is read
};

}  // namespace sekisho::rules
