// limit NAME { count UNIT for each VALUE, … allow N per TIME, up to N at once }
// limit NAME { share of UNIT OUTCOME for each VALUE, … over TIME, at least N }
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/syntax/parser_state.h"

namespace sekisho::rules {

bool Parser::limit() {
  next();
  ast::Limit limit;
  if (!name(limit.name, "the name of a limit") || !expect("{")) return false;
  const bool read = limit_body(limit);
  if (!read) {
    recover({}, 1);
    if (!is("}")) return false;
  }
  mark_close(0, Break::soft);
  const bool closed = expect("}");
  if (read) out_.file.declarations.emplace_back(std::move(limit));
  return closed;
}

bool Parser::limit_body(ast::Limit& limit) {
  mark(Break::soft, 1);
  if (accept("share")) {
    limit.share = true;
    if (!expect("of", "share of recipients refused") || !word(limit.unit, "what is counted") ||
        !word(limit.outcome, "what became of it, as in \"share of recipients refused\"")) {
      return false;
    }
  } else {
    if (!expect("count", "a limit begins: count recipients … or share of recipients refused …")) {
      return false;
    }
    limit.fresh = accept("new");
    if (!word(limit.unit, "what is counted")) return false;
  }
  mark(Break::soft, 1);
  if (!expect("for", "for each VALUE: say whose count it is") || !expect("each")) return false;
  do {
    if (!value(limit.keys.emplace_back())) return false;
  } while (accept(","));
  mark(Break::soft, 1);
  if (accept("only")) {
    if (!expect("when") || !expression(limit.only_when.emplace())) return false;
    mark(Break::soft, 1);
  }
  return limit_bounds(limit);
}

bool Parser::limit_bounds(ast::Limit& limit) {
  if (limit.share) {
    return expect("over", "a share is measured over a time: over 10m, at least 20") &&
           duration(limit.window, "the time it is measured over") &&
           expect(",", "a share of few says nothing: over 10m, at least 20") &&
           expect("at", "a share of few says nothing: at least 20") && expect("least") &&
           word(limit.at_least, "a number");
  }
  if (is("over")) {
    return fail("a count has no \"over\"", "write: allow 200 per 1h");
  }
  if (!expect("allow", "allow NUMBER per TIME") || !word(limit.amount, "how many are allowed") ||
      !expect("per", "allow NUMBER per TIME") || !duration(limit.period, "a time")) {
    return false;
  }
  if (!accept(",")) return true;
  return expect("up", "up to NUMBER at once") && expect("to") &&
         word(limit.at_once, "how many at once") && expect("at", "up to NUMBER at once") &&
         expect("once");
}

bool Parser::duration(ast::Word& into, std::string_view what) {
  if (!word(into, what)) return false;
  const bool split = parse_uint(into.text).has_value() && peek().kind == TokenKind::word &&
                     !peek().starts_line && is_alpha(peek().text[0]) &&
                     !is_any({"and", "then", "expect", "upstream", "times"});
  if (split) {
    return fail_at(join(into.span, peek().span), "a time is one word",
                   fmt::format("write {}{}, units are s m h d w", into.text, peek().text[0]));
  }
  return true;
}

}  // namespace sekisho::rules
