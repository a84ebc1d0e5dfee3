// Conditions.
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/syntax/lexer.h"
#include "rules/syntax/parser_state.h"

namespace sekisho::rules {

using ast::Expr;
using ast::Op;

bool Parser::expression(Expr& into, int soft_indent) {
  if (++nesting_ > kMaxNesting) {
    --nesting_;
    return fail("conditions are nested too deeply", "give the inner ones names: define NAME = …");
  }
  const std::size_t first = at_;
  Expr operand;
  bool read = term(operand);
  if (read && is_any({"and", "or"})) {
    const bool all = is("and");
    Expr joined;
    joined.kind = all ? Expr::Kind::all : Expr::Kind::one;
    joined.children.push_back(std::move(operand));
    while (read && is_any({"and", "or"})) {
      if (is("and") != all) {
        fail("\"and\" and \"or\" stand side by side",
             "put parentheses round what belongs together");
      }
      if (soft_indent >= 0) mark(Break::soft, soft_indent);
      next();
      read = term(joined.children.emplace_back());
    }
    operand = std::move(joined);
  }
  --nesting_;
  if (!read) return false;
  operand.span = since(first);
  into = std::move(operand);
  return true;
}

bool Parser::term(Expr& into) {
  const std::size_t first = at_;
  if (accept("not")) {
    into.kind = Expr::Kind::negation;
    if (++nesting_ > kMaxNesting) {
      --nesting_;
      return fail("conditions are nested too deeply");
    }
    const bool read = term(into.children.emplace_back());
    --nesting_;
    into.span = since(first);
    return read;
  }
  if (accept("(")) {
    if (!expression(into)) return false;
    return expect(")", "this parenthesis is not closed");
  }
  const bool at_least = is("at") && is("least", 1);
  if (at_least || (is("any") && is("of", 1))) return some_patterns(into);
  if (is_any({"any", "every", "no", "all", "some"})) return each(into);
  return comparison(into);
}

bool Parser::each(Expr& into) {
  const std::size_t first = at_;
  if (is_any({"all", "some"})) {
    return fail(fmt::format("\"{}\" is no word of conditions", peek().text),
                is("all") ? "write \"every\"" : "write \"any\"");
  }
  into.kind = Expr::Kind::each;
  into.quantifier = is("any")     ? ast::Quantifier::any
                    : is("every") ? ast::Quantifier::every
                                  : ast::Quantifier::no;
  const auto quantifier = std::string(next().text);
  if (!word(into.name,
            fmt::format("what \"{}\" is about, as in \"any part where (…)\"", quantifier))) {
    return false;
  }
  if (accept("in") && !value(into.left.emplace())) return false;
  if (!expect("where", fmt::format("{} {} where (condition)", quantifier, into.name.text)) ||
      !expect("(", "the condition after \"where\" stands in parentheses") ||
      !expression(into.children.emplace_back())) {
    return false;
  }
  if (!expect(")", "the parenthesis after \"where\" is not closed")) return false;
  into.span = since(first);
  return true;
}

bool Parser::some_patterns(Expr& into) {
  const std::size_t first = at_;
  into.kind = Expr::Kind::patterns;
  if (accept("at")) {
    next();
    if (!word(into.at_least, "a number")) return false;
  } else {
    next();
  }
  if (!expect("of", "at least 3 of NAME match") || !word(into.name, "the name of patterns") ||
      !expect("match", "at least 3 of NAME match")) {
    return false;
  }
  into.span = since(first);
  return true;
}

bool Parser::comparison(Expr& into) {
  const std::size_t first = at_;
  into.kind = Expr::Kind::compare;
  if (is("count") && is("of", 1)) {
    next();
    next();
    into.count = true;
  }
  if (!value(into.left.emplace())) return false;
  const std::size_t op = at_;
  if (!operation(into)) return false;
  into.op_span = op < at_ ? out_.tokens.all[op].span : into.left->span;
  into.span = since(first);
  return true;
}

bool Parser::operation(Expr& into) {
  if (accept("is")) {
    const bool negated = accept("not");
    if (accept("present")) return into.op = negated ? Op::absent : Op::present, true;
    if (accept("absent")) return into.op = negated ? Op::present : Op::absent, true;
    if (is("in")) return fail("\"is in\" is too much", "write \"in\" or \"not in\"");
    return right_side(into, negated ? Op::is_not : Op::is);
  }
  if (is("not") && is("in", 1)) {
    next();
    next();
    return right_side(into, Op::not_in);
  }
  if (accept("in")) return right_side(into, Op::in);
  if (accept("<")) return right_side(into, Op::less);
  if (accept("<=")) return right_side(into, Op::less_equal);
  if (accept(">")) return right_side(into, Op::greater);
  if (accept(">=")) return right_side(into, Op::greater_equal);
  if (accept("contains")) return right_side(into, Op::contains);
  if (is_any({"starts", "ends"})) {
    const bool starts = next().text == "starts";
    if (!expect("with", starts ? "starts with \"…\"" : "ends with \"…\"")) return false;
    return right_side(into, starts ? Op::starts_with : Op::ends_with);
  }
  if (accept("matches")) {
    into.op = Op::matches;
    return regex(into.regex.emplace());
  }
  if (accept("exceeded")) return into.op = Op::exceeded, true;
  if (is("not")) {
    return fail(fmt::format("\"not\" does not stand before \"{}\"", peek(1).text.substr(0, 40)),
                "put it before the whole: not (…), or write \"not in\", \"is not\"");
  }
  if (is("=")) {
    fail("\"=\" is no comparison", "write \"is\"");
    next();
    return right_side(into, Op::is);
  }
  return true;
}

bool Parser::right_side(Expr& into, Op op) {
  into.op = op;
  if (peek().kind == TokenKind::regex) {
    return fail("a pattern stands behind \"matches\" only", "write: matches /…/");
  }
  return value(into.right.emplace());
}

bool Parser::value(ast::Value& into) {
  using Kind = ast::Value::Kind;
  const std::size_t first = at_;
  if (peek().kind == TokenKind::text) {
    into.kind = Kind::text;
    into.text = decode_text(next().text);
  } else if (peek().kind == TokenKind::address) {
    into.kind = Kind::address;
    into.text = std::string(next().text);
    into.text = into.text.substr(1, into.text.size() - 2);
  } else if (is("header") && peek(1).kind == TokenKind::text) {
    next();
    into.kind = Kind::header;
    into.text = decode_text(next().text);
  } else if (peek().kind == TokenKind::word) {
    static constexpr std::initializer_list<std::string_view> reserved = {
        "and", "or", "not", "then", "when", "where", "is", "in", "match", "matches", "contains"};
    if (is_any(reserved)) {
      return missing(fmt::format("expected a value, found the word \"{}\"", peek().text));
    }
    into.text = std::string(next().text);
    if (is("[")) {
      next();
      if (++nesting_ > kMaxNesting) {
        --nesting_;
        return fail("values are nested too deeply");
      }
      into.key = std::make_unique<ast::Value>();
      const bool read = value(*into.key) && expect("]", "a look-up is written map[key]");
      --nesting_;
      if (!read) return false;
    }
  } else {
    return missing(fmt::format("expected a value, {}", found()));
  }
  into.span = since(first);
  return true;
}

bool Parser::regex(ast::Regex& into) {
  if (peek().kind != TokenKind::regex) {
    return missing(fmt::format("expected a pattern, {}", found()),
                   peek().kind == TokenKind::text
                       ? "a pattern is written /…/; for a plain text use \"contains\""
                       : "a pattern is written /…/");
  }
  const Token& token = next();
  const auto end = token.text.rfind('/');
  into.span = token.span;
  if (end == 0) {
    into.pattern = std::string(token.text.substr(1));
  } else {
    into.pattern = std::string(token.text.substr(1, end - 1));
    into.flags = std::string(token.text.substr(end + 1));
  }
  return true;
}

}  // namespace sekisho::rules
