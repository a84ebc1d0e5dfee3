// What a rule does.
#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/syntax/parser_state.h"

namespace sekisho::rules {

using ast::Action;

bool Parser::actions(std::vector<Action>& into, int indent) {
  for (;;) {
    const std::size_t first = at_;
    Action one;
    if (!action(one)) return false;
    one.span = since(first);
    into.push_back(std::move(one));
    if (is(",")) {
      return fail("actions are joined by \"and\"", "write \"and\" instead of the comma");
    }
    if (!is("and")) break;
    mark(Break::line, indent);
    next();
    if (is("then")) {
      fail("\"and then\" is too much", "write \"and\"");
      next();
    }
  }
  if (is_any({"shadow", "off", "at", "when", "then", "on_error", "}"})) return true;
  return fail(fmt::format("the action cannot go on with {}", found().substr(6)),
              peek().starts_line ? "join actions with \"and\"" : "");
}

bool Parser::action(Action& into) {
  const std::size_t first = at_;
  ast::Word verb;
  if (!word(verb, "an action")) return false;
  if (verb.text == "allow" || (verb.text == "accept" && is("relay")) || verb.text == "relay" ||
      verb.text == "permit") {
    into.kind = Action::Kind::relay;
    accept("relay");
    into.span = since(first);
    return true;
  }
  return action_words(into, verb.text);
}

bool Parser::action_words(Action& into, std::string_view verb) {
  using Kind = Action::Kind;
  const auto be = [&](Kind kind) {
    into.kind = kind;
    return true;
  };
  if (verb == "reject") return be(Kind::reject) && reply(into);
  if (verb == "defer") return be(Kind::defer) && reply(into);
  if (verb == "quarantine") {
    return be(Kind::quarantine) && text(into.text, "why it is kept: quarantine \"…\"");
  }
  if (verb == "discard") return be(Kind::discard);
  if (verb == "accept") return be(Kind::accept);
  if (verb == "disconnect") return be(Kind::disconnect);
  if (verb == "skip") return be(Kind::skip);
  if (verb == "tag") return be(Kind::tag) && text(into.text, "the tag");
  if (verb == "log") return be(Kind::log) && text(into.text, "what is logged");
  if (verb == "set") return be(Kind::set_header) && header_action(into, true);
  if (verb == "remove") return be(Kind::remove_header) && header_action(into, false);
  if (verb == "add") {
    if (is("header")) return be(Kind::add_header) && header_action(into, true);
    return be(Kind::add_score) && value(into.value.emplace()) &&
           expect("to", "add NUMBER to SCORE, or add header \"Name\" \"value\"") &&
           word(into.name, "the name of a score");
  }
  if (verb == "prepend" || verb == "append") {
    return be(verb == "append" ? Kind::append : Kind::prepend) &&
           text(into.text, "the file of the text");
  }
  if (verb == "sign") {
    return be(Kind::sign) && expect("dkim", "sign dkim with KEY") &&
           expect("with", "sign dkim with KEY") && value(into.value.emplace());
  }
  if (verb == "route") {
    return be(Kind::route) && expect("to", "route to UPSTREAM") &&
           word(into.name, "the name of an upstream");
  }
  if (verb == "delay") return be(Kind::delay) && duration(into.time, "how long");
  if (verb == "notify") {
    return be(Kind::notify) && text(into.name, "whom: notify \"address\" \"text\"") &&
           text(into.text, "what they are told");
  }
  if (verb == "webhook") {
    if (!(be(Kind::webhook) && text(into.name, "the URL that is called"))) return false;
    return peek().kind != TokenKind::text || text(into.text, "the text that is sent");
  }
  if (verb == "suspend") {
    return be(Kind::suspend) && value(into.value.emplace()) &&
           expect("for", "suspend auth.user for 1h") && duration(into.time, "how long");
  }
  auto hint = did_you_mean(
      verb, {"reject", "defer", "quarantine", "discard", "accept",  "disconnect", "skip",
             "tag",    "log",   "set",        "remove",  "add",     "prepend",    "append",
             "sign",   "route", "delay",      "notify",  "webhook", "suspend"});
  if (verb == "drop" || verb == "bounce") {
    hint = verb == "drop" ? "\"discard\" loses mail silently, \"reject\" tells the sender"
                          : "there are no bounces: \"reject\" tells the sender";
  }
  return fail_at(out_.tokens.all[at_ - 1].span, fmt::format("\"{}\" is no action", verb), hint);
}

bool Parser::reply(Action& into) {
  const auto is_number = [this] {
    return peek().kind == TokenKind::word && is_digit(peek().text[0]);
  };
  if (is_number() && peek().text.find('.') == std::string_view::npos) {
    word(into.code, "a reply code");
  }
  if (is_number()) word(into.enhanced, "an enhanced status code");
  return text(into.text, "what the client is told");
}

bool Parser::header_action(Action& into, bool with_value) {
  if (!expect("header", "add, set and remove are about header fields: set header \"Name\" …") ||
      !text(into.name, "the name of the header field")) {
    return false;
  }
  if (!with_value) return true;
  return text(into.text, "the value of the header field");
}

}  // namespace sekisho::rules
