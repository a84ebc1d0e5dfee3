#include "rules/testing/describe.h"

#include <algorithm>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/testing/clause.h"

namespace sekisho::rules::testing {
namespace {

using Kind = Condition::Kind;

std::string state_of(const Rule& rule, std::chrono::sys_days today) {
  if (rule.off) return "off: it is not asked";
  if (!rule.shadow_until) return "in force";
  const auto until = fmt::format("{:%F}", *rule.shadow_until);
  if (*rule.shadow_until > today) {
    return fmt::format("on trial until {}, {}", until,
                       rule.then_enforce ? "then in force" : "and on");
  }
  return rule.then_enforce ? fmt::format("in force, its trial ended on {}", until)
                           : fmt::format("still on trial, which was to end on {}", until);
}

std::string_view on_error_of(const Rule& rule) {
  switch (rule.on_error) {
    case OnError::defer:
      return "defer: the client is asked to try again";
    case OnError::reject:
      return "reject: the client is refused";
    case OnError::proceed:
      return "continue: the next rule is asked";
  }
  return "";
}

// The parts that `and` or `or` joins, a line each.
void add_parts(const Condition& condition, const Sources& sources, std::vector<std::string>& out) {
  if (condition.kind != Kind::all && condition.kind != Kind::one) {
    out.push_back(in_one_line(sources.text(condition.span)));
    return;
  }
  const std::string_view joined_by = condition.kind == Kind::all ? "and" : "or";
  for (std::size_t i = 0; i < condition.children.size(); ++i) {
    const auto& child = *condition.children[i];
    // A group's condition stands before the rule's own.
    if (child.kind == Kind::all && condition.kind == Kind::all) {
      const auto had = out.size();
      add_parts(child, sources, out);
      if (i > 0 && had < out.size()) out[had] = fmt::format("and {}", out[had]);
      continue;
    }
    const auto text = in_one_line(sources.text(child.span));
    const bool mixed = child.kind == Kind::all || child.kind == Kind::one;
    const auto shown = mixed && !text.starts_with('(') ? fmt::format("({})", text) : text;
    out.push_back(i == 0 ? shown : fmt::format("{} {}", joined_by, shown));
  }
}

// What a rule asks for, each thing once, in the order in which it is met.
class Needs {
 public:
  Needs(const RuleSet& set, const Sources& sources) : set_(set), sources_(sources) {}

  void of(const Condition& condition) {
    if (condition.kind == Kind::defined && names_.insert("define " + condition.name).second) {
      add(fmt::format("{} is {}", condition.name,
                      in_one_line(sources_.text(condition.children[0]->span))));
    }
    if (condition.kind == Kind::patterns) of_patterns(condition.patterns);
    if (condition.kind == Kind::compare) of(condition.left);
    if (condition.kind == Kind::each && condition.left.value != nullptr) of(condition.left);
    if (condition.kind == Kind::compare && condition.right) of(*condition.right);
    for (const auto& child : condition.children) of(*child);
  }

  void of(const Operand& operand) {
    if (operand.key) of(*operand.key);
    switch (operand.kind) {
      case Operand::Kind::value:
        return of_value(*operand.value);
      case Operand::Kind::header:
        return add(
            fmt::format("header \"{}\": known from message on, absent where the message has "
                        "no such field",
                        operand.header));
      case Operand::Kind::list:
        return of_list(operand.index);
      case Operand::Kind::map:
      case Operand::Kind::lookup:
        return of_map(operand.index);
      case Operand::Kind::score:
        return add(
            fmt::format("score {}: what earlier rules added", set_.scores[operand.index].name));
      case Operand::Kind::limit:
        return of_limit(operand.index);
      case Operand::Kind::patterns:
        return of_patterns(operand.index);
      case Operand::Kind::constant:
        return;
    }
  }

  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

 private:
  void add(std::string line) {
    if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(std::move(line));
  }

  void of_value(const ValueInfo& value) {
    add(fmt::format("{}: {}, known from {} on{}{}", value.name,
                    value.many ? plural(value.type) : to_string(value.type), to_string(value.from),
                    value.text.empty() ? "" : "; ", value.text));
  }

  void of_list(std::size_t index) {
    const auto& list = set_.lists[index];
    add(fmt::format("list {}: {}, {}", list.name, plural(list.type),
                    list.file.empty() ? fmt::format("{} written in it", list.items.size())
                                      : "from " + list.file));
  }

  void of_map(std::size_t index) {
    const auto& map = set_.maps[index];
    add(fmt::format("map {}: from {} to {}, {}", map.name, to_string(map.key), plural(map.value),
                    map.file.empty() ? fmt::format("{} keys written in it", map.entries.size())
                                     : "from " + map.file));
  }

  void of_limit(std::size_t index) {
    const auto& limit = set_.limits[index];
    add(fmt::format("limit {}", in_one_line(sources_.text(limit.span))));
    for (const auto& key : limit.keys) of(key);
    if (limit.only_when) of(*limit.only_when);
  }

  void of_patterns(std::size_t index) {
    const auto& patterns = set_.patterns[index];
    add(fmt::format("patterns {}: {} of them", patterns.name, patterns.patterns.size()));
    of(patterns.area);
  }

  const RuleSet& set_;
  const Sources& sources_;
  std::set<std::string> names_;
  std::vector<std::string> lines_;
};

bool names(const ast::Test& test, std::string_view rule) {
  return std::ranges::any_of(test.steps,
                             [&](const ast::Step& step) { return step.by.text == rule; });
}

}  // namespace

std::optional<std::size_t> find_rule(const RuleSet& set, std::string_view name) {
  const auto found = std::ranges::find(set.rules, name, &Rule::name);
  if (found == set.rules.end()) return std::nullopt;
  return static_cast<std::size_t>(found - set.rules.begin());
}

Description describe(const RuleSet& set, std::size_t index, const Sources& sources,
                     std::chrono::sys_days today) {
  const auto& rule = set.rules[index];
  Description out;
  out.name = rule.name;
  out.sentence = rule.sentence;
  out.file = sources[rule.span.source].path();
  out.line = sources.position(rule.span).line;
  out.stage = to_string(rule.stage);
  out.state = state_of(rule, today);
  out.group = rule.group;
  out.on_error = on_error_of(rule);
  for (std::size_t i = 0; i < set.rules.size(); ++i) {
    if (set.rules[i].stage != rule.stage) continue;
    ++out.of;
    if (i > index) continue;
    ++out.place;
    if (i < index && set.rules[i].is_final() && !set.rules[i].off) {
      out.before.push_back(set.rules[i].name);
    }
  }
  Needs needs(set, sources);
  if (rule.when) {
    add_parts(*rule.when, sources, out.when);
    needs.of(*rule.when);
  }
  for (const auto& action : rule.actions) {
    out.then.push_back(in_one_line(sources.text(action.span)));
    if (action.value) needs.of(*action.value);
    for (const auto& piece : action.text.pieces) {
      if (const auto* operand = std::get_if<Operand>(&piece)) needs.of(*operand);
    }
  }
  out.needs = needs.take();
  for (const auto& test : set.tests) {
    if (names(test, rule.name)) out.tests.push_back(test.name.text);
  }
  return out;
}

std::string render(const Description& d) {
  std::string out = fmt::format("{}{}{}\n", d.name, d.sentence.empty() ? "" : ": ", d.sentence);
  const auto add = [&](std::string_view label, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      out += fmt::format("  {:9} {}\n", i == 0 ? label : "", lines[i]);
    }
  };
  add("stands", {fmt::format("{}:{}{}", d.file, d.line,
                             d.group.empty() ? "" : fmt::format(", in the group {}", d.group))});
  add("is", {d.state});
  add("asked", {fmt::format("at {}, as number {} of {} there", d.stage, d.place, d.of)});
  if (!d.before.empty()) {
    add("unless",
        {fmt::format("one of these ended the stage before: {}", fmt::join(d.before, ", "))});
  }
  add("when", d.when.empty() ? std::vector<std::string>{"always"} : d.when);
  add("then", d.then);
  add("needs", d.needs);
  add("on_error", {d.on_error});
  if (d.tests.empty()) {
    add("tests", {"none names it"});
  } else {
    add("tests", d.tests);
  }
  return out;
}

}  // namespace sekisho::rules::testing
