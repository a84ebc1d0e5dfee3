#include "rules/syntax/parser.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/syntax/lexer.h"
#include "rules/syntax/parser_state.h"

namespace sekisho::rules {
namespace {

constexpr std::initializer_list<std::string_view> kDeclarations = {
    "include", "list", "map", "patterns", "limit", "score", "define", "group", "rule", "test"};

}  // namespace

Parser::Parser(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics)
    : sources_(sources), source_(source), diagnostics_(diagnostics) {
  out_.tokens = read_tokens(sources, source, diagnostics);
  out_.layout.resize(out_.tokens.all.size());
  out_.file.source = source;
}

Parsed Parser::parse() {
  while (!at_end()) {
    const std::size_t before = at_;
    mark(Break::line, 0, true);
    declaration();
    if (at_ == before) next();
  }
  return std::move(out_);
}

const Token& Parser::peek(std::size_t ahead) const {
  return out_.tokens.all[std::min(at_ + ahead, out_.tokens.all.size() - 1)];
}

const Token& Parser::next() {
  const Token& token = peek();
  if (!at_end()) ++at_;
  return token;
}

bool Parser::is(std::string_view word, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return (token.kind == TokenKind::word || token.kind == TokenKind::symbol) && token.text == word;
}

bool Parser::is_any(std::initializer_list<std::string_view> words) const {
  return std::ranges::any_of(words, [this](auto word) { return is(word); });
}

bool Parser::accept(std::string_view word) {
  if (!is(word)) return false;
  next();
  return true;
}

bool Parser::expect(std::string_view word, std::string_view why) {
  if (accept(word)) return true;
  return missing(fmt::format("expected \"{}\", {}", word, found()), std::string(why));
}

bool Parser::fail(std::string message, std::string hint) {
  return fail_at(peek().span, std::move(message), std::move(hint));
}

bool Parser::missing(std::string message, std::string hint) {
  if (at_ == 0 || (!peek().starts_line && !at_end()))
    return fail(std::move(message), std::move(hint));
  const Span before = out_.tokens.all[at_ - 1].span;
  return fail_at({before.source, before.end, before.end}, std::move(message), std::move(hint));
}

bool Parser::fail_at(Span span, std::string message, std::string hint) {
  diagnostics_.error(span, std::move(message), std::move(hint));
  return false;
}

std::string Parser::found() const {
  if (at_end()) return "found the end of the file";
  if (peek().kind == TokenKind::text) return "found a text";
  if (peek().kind == TokenKind::regex) return "found a pattern";
  return fmt::format("found \"{}\"", peek().text.substr(0, 60));
}

Span Parser::since(std::size_t first_token) const {
  const auto& all = out_.tokens.all;
  return join(all[first_token].span, all[at_ > first_token ? at_ - 1 : first_token].span);
}

void Parser::mark(Break kind, int indent, bool blank) {
  Mark& mark = out_.layout[std::min(at_, out_.layout.size() - 1)];
  mark.kind = kind;
  mark.indent = static_cast<std::uint8_t>(indent);
  mark.blank = blank;
}

void Parser::mark_close(int indent, Break kind) {
  mark(kind, indent);
  out_.layout[std::min(at_, out_.layout.size() - 1)].closes = true;
}

void Parser::cell(std::uint8_t number) {
  Mark& mark = out_.layout[std::min(at_, out_.layout.size() - 1)];
  mark.cell = number;
  mark.block = block_;
}

bool Parser::at_declaration() const {
  return peek().starts_line &&
         std::ranges::any_of(kDeclarations, [this](auto word) { return is(word); }) &&
         sources_.position(peek().span).column == 1;
}

void Parser::recover(std::initializer_list<std::string_view> clauses, std::size_t open_braces) {
  std::size_t depth = 0;
  while (!at_end()) {
    if (at_declaration()) return;
    if (depth == 0 && peek().starts_line && is_any(clauses)) return;
    if (depth == 0 && clauses.size() > 1 && is("then") && !is("enforce", 1)) return;
    if (is("{")) ++depth;
    if (is("}")) {
      if (depth == 0) {
        if (open_braces == 0) next();
        return;
      }
      --depth;
    }
    next();
  }
}

bool Parser::word(ast::Word& into, std::string_view what) {
  if (peek().kind != TokenKind::word) return missing(fmt::format("expected {}, {}", what, found()));
  into = {std::string(peek().text), peek().span, false};
  next();
  return true;
}

bool Parser::name(ast::Word& into, std::string_view what) {
  if (peek().kind == TokenKind::text) {
    return fail(fmt::format("{} is a word without quotes", what),
                "letters, digits, - and _, a letter first");
  }
  if (!word(into, what)) return false;
  const bool good = is_alpha(into.text[0]) && std::ranges::all_of(into.text, [](char c) {
                      return is_alnum(c) || c == '-' || c == '_';
                    });
  if (!good) {
    return fail_at(into.span, fmt::format("\"{}\" cannot be {}", into.text, what),
                   "letters, digits, - and _, a letter first");
  }
  return true;
}

bool Parser::text(ast::Word& into, std::string_view what) {
  if (peek().kind != TokenKind::text) {
    return missing(fmt::format("expected {}, {}", what, found()),
                   "a text stands in \"double quotes\"");
  }
  into = {decode_text(peek().text), peek().span, true};
  next();
  return true;
}

Parsed parse(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics) {
  return Parser(sources, source, diagnostics).parse();
}

}  // namespace sekisho::rules
