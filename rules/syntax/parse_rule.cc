// rule NAME "sentence" { shadow until DATE then enforce | off   at STAGE   when …   then … on_error
// … }
#include <utility>

#include <fmt/format.h>

#include "rules/syntax/parser_state.h"

namespace sekisho::rules {
namespace {

constexpr std::initializer_list<std::string_view> kClauses = {"shadow", "off",  "at",
                                                              "when",   "then", "on_error"};

}  // namespace

bool Parser::rule(ast::Rule& into, int indent) {
  const std::size_t first = at_;
  next();
  if (peek().kind == TokenKind::text) {
    return fail("a rule needs a name before its sentence", "rule name \"sentence\" { … }");
  }
  if (!name(into.name, "the name of a rule")) return false;
  if (peek().kind == TokenKind::text) text(into.sentence, "a sentence");
  if (!expect("{")) return false;
  bool complete = true;
  while (!is("}")) {
    if (at_end() || at_declaration()) {
      into.span = since(first);
      return fail_at(into.name.span, fmt::format("rule \"{}\" has no closing }}", into.name.text));
    }
    mark(Break::line, indent + 1);
    const std::size_t before = at_;
    if (clause(into, indent + 1)) continue;
    complete = false;
    if (at_ == before) next();
    recover(kClauses, 1);
  }
  mark_close(indent);
  next();
  into.span = since(first);
  if (!complete) return true;
  if (!into.stage.given()) {
    return fail_at(into.name.span,
                   fmt::format("rule \"{}\" does not say when it is asked", into.name.text),
                   "write \"at\" and a stage: connect, helo, auth, mail, rcpt, message or outcome"),
           true;
  }
  if (into.actions.empty()) {
    fail_at(into.name.span, fmt::format("rule \"{}\" does nothing", into.name.text),
            "write \"then\" and an action");
  }
  return true;
}

bool Parser::clause(ast::Rule& into, int indent) {
  const Span here = peek().span;
  const auto twice = [&](bool given, std::string_view what) {
    if (given) fail_at(here, fmt::format("the rule has a second \"{}\"", what), "one is enough");
  };
  if (is("shadow")) {
    twice(into.shadow.has_value(), "shadow");
    return shadow(into);
  }
  if (accept("off")) {
    into.off = true;
    return true;
  }
  if (accept("at")) {
    twice(into.stage.given(), "at");
    return word(into.stage, "a stage");
  }
  if (accept("when")) {
    twice(into.when.has_value(), "when");
    ast::Expr condition;
    const bool read = expression(condition, indent + 1);
    if (!read) return false;
    into.when = std::move(condition);
    if (is_any({"shadow", "off", "at", "when", "then", "on_error", "}"})) return true;
    return fail(fmt::format("the condition cannot go on with {}", found().substr(6)),
                "join conditions with \"and\" or \"or\"");
  }
  if (accept("then")) {
    twice(!into.actions.empty(), "then");
    return actions(into.actions, indent);
  }
  if (accept("on_error")) {
    twice(into.on_error.given(), "on_error");
    return word(into.on_error, "what happens when the rule fails");
  }
  if (is("if")) return fail("\"if\" is no word of the language", "write \"when\"");
  if (is("and")) {
    return fail("\"and\" joins conditions of one \"when\" and actions of one \"then\"");
  }
  return fail(fmt::format("expected at, when, then, shadow, off, on_error or \"}}\", {}", found()),
              did_you_mean(peek().text, {"at", "when", "then", "shadow", "off", "on_error"}));
}

bool Parser::shadow(ast::Rule& into) {
  const std::size_t first = at_;
  next();
  ast::Shadow shadow;
  if (!expect("until", "a trial ends on a day: shadow until 2027-01-31 then enforce") ||
      !word(shadow.until, "a day such as 2027-01-31")) {
    return false;
  }
  if (is("then") && is("enforce", 1)) {
    next();
    next();
    shadow.enforce = true;
  }
  shadow.span = since(first);
  into.shadow = std::move(shadow);
  return true;
}

}  // namespace sekisho::rules
