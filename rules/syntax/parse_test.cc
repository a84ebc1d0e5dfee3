// test "name" { steps }: a conversation with the gateway, and what it should say.
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/syntax/lexer.h"
#include "rules/syntax/parser_state.h"

namespace sekisho::rules {

using ast::Step;

namespace {

constexpr std::initializer_list<std::string_view> kSteps = {
    "client", "listener", "helo",  "tls",  "login", "mail",
    "rcpt",   "message",  "given", "wait", "expect"};

}  // namespace

bool Parser::test() {
  next();
  ast::Test test;
  if (!text(test.name, "what the test shows, in quotes") || !expect("{")) return false;
  ++block_;
  while (!is("}")) {
    if (at_end() || at_declaration()) {
      return fail_at(test.name.span, "this test has no closing }");
    }
    mark(Break::line, 1, true);
    const std::size_t before = at_;
    const std::size_t line = sources_.position(peek().span).line;
    Step one;
    if (step(one)) {
      one.span = since(before);
      test.steps.push_back(std::move(one));
      continue;
    }
    if (at_ == before) next();
    while (!at_end() && !is("}") && !at_declaration() &&
           (!peek().starts_line || sources_.position(peek().span).line == line)) {
      next();
    }
  }
  mark_close(0);
  next();
  out_.file.declarations.emplace_back(std::move(test));
  return true;
}

bool Parser::step(Step& into) {
  if (!is("expect") && !step_words(into)) return false;
  if (is_digit(peek().text.empty() ? ' ' : peek().text[0]) && is("times", 1)) {
    word(into.times, "a number");
    next();
  }
  if (accept("upstream") && !word(into.upstream, "the upstream's reply code")) return false;
  if (is("expect")) {
    if (into.kind != Step::Kind::expect) cell(1);
    next();
    if (!expectation(into)) return false;
  }
  if (is("}") || is_any(kSteps)) return true;
  return fail(fmt::format("the step cannot go on with {}", found().substr(6)),
              "a step is: … [N times] [upstream CODE] [expect OUTCOME [by RULE]]");
}

bool Parser::step_words(Step& into) {
  using Kind = Step::Kind;
  const auto address = [&] {
    if (peek().kind == TokenKind::address) {
      into.subject = {std::string(peek().text.substr(1, peek().text.size() - 2)), peek().span,
                      false};
      next();
      return true;
    }
    return fail(fmt::format("expected an address, {}", found()), "write it in < and >");
  };
  const auto be = [&](Kind kind) {
    into.kind = kind;
    next();
    return true;
  };
  if (is("client")) return be(Kind::client) && word(into.subject, "the client's IP address");
  if (is("listener")) return be(Kind::listener) && word(into.subject, "the name of a listener");
  // Quoted, it may be an address literal.
  const auto name = [&](std::string_view what) {
    return peek().kind == TokenKind::text ? text(into.subject, what) : word(into.subject, what);
  };
  if (is("helo")) return be(Kind::helo) && name("the name that the client says");
  if (is("tls")) return be(Kind::tls);
  if (is("login")) return be(Kind::login) && name("the name of a user");
  if (is("mail")) return be(Kind::mail) && expect("from", "mail from <address>") && address();
  if (is("rcpt")) return be(Kind::rcpt) && expect("to", "rcpt to <address>") && address();
  if (is("wait")) return be(Kind::wait) && duration(into.subject, "how long");
  if (is("given")) return be(Kind::given) && given(into);
  if (is("message")) {
    be(Kind::message);
    into.file = is("file");
    if (!is_any({"file", "text"})) {
      return fail(fmt::format("expected file \"…\" or text \"…\", {}", found()));
    }
    next();
    return text(into.subject, into.file ? "the message's file" : "the message");
  }
  return fail(fmt::format("\"{}\" is no step of a test", peek().text.substr(0, 60)),
              did_you_mean(peek().text, kSteps));
}

bool Parser::given(Step& into) {
  if (!word(into.subject, "what is given: a list, a map, or a value such as spf")) return false;
  if (is("{")) return map_entries(into.entries, true, 1);
  if (peek().kind == TokenKind::text) return text(into.value, "a value");
  return word(into.value, "what it is, or { … }");
}

bool Parser::expectation(Step& into) {
  if (!word(into.expect, "an outcome: accept, reject, defer, …")) return false;
  if (into.expect.text == "suspended" && !word(into.expect_what, "who is suspended")) return false;
  if (into.expect.text == "tagged" && !text(into.expect_what, "the tag")) return false;
  if (peek().kind == TokenKind::word && is_digit(peek().text[0])) word(into.expect_code, "a code");
  if (!accept("by")) return true;
  return word(into.by, "the name of a rule");
}

}  // namespace sekisho::rules
