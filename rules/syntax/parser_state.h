// The parser's inside: the cursor over the tokens, and one member for each thing of the grammar. A
// member that returns bool says whether it read its thing; if not, the mistake is reported.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "rules/syntax/parser.h"

namespace sekisho::rules {

class Parser {
 public:
  Parser(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics);
  Parsed parse();

 private:
  // The cursor (parser.cc).
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  const Token& next();
  [[nodiscard]] bool at_end() const { return peek().kind == TokenKind::end; }
  [[nodiscard]] bool is(std::string_view word, std::size_t ahead = 0) const;  // word or symbol
  [[nodiscard]] bool is_any(std::initializer_list<std::string_view> words) const;
  bool accept(std::string_view word);
  bool expect(std::string_view word, std::string_view why = {});
  bool fail(std::string message, std::string hint = {});  // at the present token; returns false
  // Something is not there: behind the token before, where the present one begins a new line.
  bool missing(std::string message, std::string hint = {});
  bool fail_at(Span span, std::string message, std::string hint = {});
  [[nodiscard]] std::string found() const;  // `found "x"`
  [[nodiscard]] Span since(std::size_t first_token) const;
  void mark(Break kind, int indent, bool blank = false);
  void mark_close(int indent, Break kind = Break::line);
  void cell(std::uint8_t number);
  // Over braces that match, to what may begin a clause, a declaration, or end a block.
  void recover(std::initializer_list<std::string_view> clauses, std::size_t open_braces);
  [[nodiscard]] bool at_declaration() const;

  // Words and texts (parser.cc).
  bool word(ast::Word& into, std::string_view what);
  bool name(ast::Word& into, std::string_view what);
  bool text(ast::Word& into, std::string_view what);

  // Declarations (parse_declarations.cc).
  void declaration();
  bool include();
  bool list();
  bool map();
  bool file_or_items(std::optional<ast::Word>& file, bool entries, std::vector<ast::Item>* items,
                     std::vector<ast::MapEntry>* pairs, int indent);
  bool map_entries(std::vector<ast::MapEntry>& entries, bool keys_alone, int indent);
  bool patterns();
  bool pattern(ast::Pattern& into);
  bool limit();
  bool limit_body(ast::Limit& limit);
  bool limit_bounds(ast::Limit& limit);
  bool duration(ast::Word& into, std::string_view what);
  bool score();
  bool define();
  bool group();

  // Rules (parse_rule.cc, parse_actions.cc).
  bool rule(ast::Rule& into, int indent);
  bool clause(ast::Rule& into, int indent);
  bool shadow(ast::Rule& into);
  bool actions(std::vector<ast::Action>& into, int indent);
  bool action(ast::Action& into);
  bool action_words(ast::Action& into, std::string_view verb);
  bool reply(ast::Action& into);
  bool header_action(ast::Action& into, bool with_value);

  // Conditions (parse_expression.cc).
  bool expression(ast::Expr& into, int soft_indent = -1);
  bool term(ast::Expr& into);
  bool each(ast::Expr& into);
  bool some_patterns(ast::Expr& into);
  bool comparison(ast::Expr& into);
  bool operation(ast::Expr& into);
  bool right_side(ast::Expr& into, ast::Op op);
  bool value(ast::Value& into);
  bool regex(ast::Regex& into);

  // Tests (parse_test.cc).
  bool test();
  bool step(ast::Step& into);
  bool step_words(ast::Step& into);
  bool given(ast::Step& into);
  bool expectation(ast::Step& into);

  const Sources& sources_;
  std::uint32_t source_;
  Diagnostics& diagnostics_;
  Parsed out_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  std::uint32_t block_ = 0;
};

}  // namespace sekisho::rules
