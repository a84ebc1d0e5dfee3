// Everything at the top level of a file but rules and tests.
#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/syntax/parser_state.h"

namespace sekisho::rules {

void Parser::declaration() {
  bool read = false;
  if (is("include")) {
    read = include();
  } else if (is("list")) {
    read = list();
  } else if (is("map")) {
    read = map();
  } else if (is("patterns")) {
    read = patterns();
  } else if (is("limit")) {
    read = limit();
  } else if (is("score")) {
    read = score();
  } else if (is("define")) {
    read = define();
  } else if (is("group")) {
    read = group();
  } else if (is("test")) {
    read = test();
  } else if (is("rule")) {
    ast::Rule one;
    read = rule(one, 0);
    if (one.name.given()) out_.file.declarations.emplace_back(std::move(one));
  } else {
    const auto word = std::string(peek().text);
    std::string hint = did_you_mean(word, {"include", "list", "map", "patterns", "limit", "score",
                                           "define", "group", "rule", "test"});
    if (word == "}") hint = "there is one } too many above";
    if (word == "if" || word == "when")
      hint = "a condition stands in a rule: rule NAME { at … when … then … }";
    if (word == "allow" || word == "relay") {
      hint = "no rule can grant relay: [relay] of the configuration decides who may";
    }
    if (word == "value" || word == "import") hint = "that is not part of the language yet";
    fail(fmt::format("\"{}\" begins nothing here", word.substr(0, 60)), std::move(hint));
  }
  if (!read) recover({}, 0);
}

bool Parser::include() {
  next();
  ast::Include include;
  if (!text(include.path, "the file to include")) return false;
  out_.file.declarations.emplace_back(std::move(include));
  return true;
}

bool Parser::list() {
  next();
  ast::List list;
  if (!name(list.name, "the name of a list") ||
      !expect("=", "list NAME = KIND file \"…\", or list NAME = KIND { … }") ||
      !word(list.kind, "the kind of the list's items")) {
    return false;
  }
  if (!file_or_items(list.file, false, &list.items, nullptr, 0)) return false;
  out_.file.declarations.emplace_back(std::move(list));
  return true;
}

bool Parser::map() {
  next();
  ast::Map map;
  if (!name(map.name, "the name of a map") ||
      !expect("=", "map NAME = KIND -> KIND file \"…\", or … { key: value, … }") ||
      !word(map.key_kind, "the kind of the map's keys") ||
      !expect("->", "a map has two kinds: map NAME = user -> addresses") ||
      !word(map.value_kind, "the kind of the map's values")) {
    return false;
  }
  if (!file_or_items(map.file, true, nullptr, &map.entries, 0)) return false;
  out_.file.declarations.emplace_back(std::move(map));
  return true;
}

bool Parser::file_or_items(std::optional<ast::Word>& file, bool entries,
                           std::vector<ast::Item>* items, std::vector<ast::MapEntry>* pairs,
                           int indent) {
  if (accept("file")) return text(file.emplace(), "the name of the file");
  if (!is("{")) return missing(fmt::format("expected file \"…\" or {{ … }}, {}", found()));
  if (entries) return map_entries(*pairs, false, indent);
  next();
  while (!is("}")) {
    mark(Break::fill, indent + 1);
    ast::Word item;
    if (peek().kind == TokenKind::text) {
      if (!text(item, "an item")) return false;
    } else if (peek().kind == TokenKind::word) {
      if (!word(item, "an item of the list")) return false;
    } else {
      return fail(fmt::format("expected an item of the list or \"}}\", {}", found()),
                  "items are separated by commas");
    }
    items->push_back({std::move(item)});
    if (!is("}") && !accept(",")) {
      return fail(fmt::format("expected \",\" or \"}}\", {}", found()),
                  "items are separated by commas");
    }
  }
  mark_close(indent, Break::fill);
  return expect("}");
}

// { key: value, value, key: value }: a word before a colon is a key, what follows are its values.
bool Parser::map_entries(std::vector<ast::MapEntry>& entries, bool keys_alone, int indent) {
  if (!expect("{")) return false;
  bool keyed = false;
  while (!is("}")) {
    mark(Break::fill, indent + 1);
    ast::Word item;
    const bool read = peek().kind == TokenKind::text ? text(item, "an item")
                                                     : word(item, "a key with a colon or a value");
    if (!read) return false;
    if (accept(":")) {
      entries.push_back({std::move(item), {}});
      keyed = true;
      if (is_any({",", "}"})) {
        return fail("this key has no value", "key: value, value");
      }
      continue;
    }
    if (keys_alone && !keyed) {
      entries.push_back({std::move(item), {}});
    } else if (entries.empty()) {
      return fail_at(item.span, fmt::format("\"{}\" has no key", item.text),
                     "an entry is written key: value");
    } else {
      entries.back().values.push_back(std::move(item));
    }
    if (!is("}") && !accept(",")) {
      return fail(fmt::format("expected \",\" or \"}}\", {}", found()),
                  "items are separated by commas");
    }
  }
  mark_close(indent, Break::fill);
  return expect("}");
}

bool Parser::patterns() {
  next();
  ast::Patterns patterns;
  if (!name(patterns.name, "the name of the patterns") ||
      !expect("in", "patterns NAME in AREA { … }: say where they are searched") ||
      !value(patterns.area) || !expect("{")) {
    return false;
  }
  ++block_;
  while (!is("}") && !at_end()) {
    if (at_declaration()) return fail("the patterns above have no closing }");
    mark(Break::line, 1, true);
    ast::Pattern one;
    if (pattern(one)) {
      patterns.patterns.push_back(std::move(one));
      accept(",");
      continue;
    }
    while (!at_end() && !is("}") && !peek(1).starts_line) next();
    if (!is("}")) next();
  }
  mark_close(0);
  const bool closed = expect("}");
  out_.file.declarations.emplace_back(std::move(patterns));
  return closed;
}

bool Parser::pattern(ast::Pattern& into) {
  if (peek().kind == TokenKind::regex) {
    return fail("this pattern has no name", "a line is: name [weight] /pattern/");
  }
  if (!name(into.name, "the name of a pattern")) return false;
  if (peek().kind == TokenKind::word && !peek().starts_line) {
    cell(1);
    if (!word(into.weight, "a weight")) return false;
  }
  cell(2);
  return regex(into.regex);
}

bool Parser::score() {
  next();
  ast::Score score;
  if (!name(score.name, "the name of a score")) return false;
  out_.file.declarations.emplace_back(std::move(score));
  return true;
}

bool Parser::define() {
  next();
  ast::Define define;
  if (!name(define.name, "the name of a condition") || !expect("=", "define NAME = condition") ||
      !expression(define.condition, 1)) {
    return false;
  }
  out_.file.declarations.emplace_back(std::move(define));
  return true;
}

bool Parser::group() {
  next();
  ast::Group group;
  if (!name(group.name, "the name of a group") ||
      !expect("when", "group NAME when condition { rules }") || !expression(group.when, 2) ||
      !expect("{")) {
    return false;
  }
  while (!is("}") && !at_end()) {
    mark(Break::line, 1, true);
    if (!is("rule")) {
      fail(fmt::format("expected a rule or \"}}\", {}", found()), "a group holds rules only");
      recover({"rule"}, 1);
      if (at_declaration() && !is("rule")) break;
      continue;
    }
    ast::Rule one;
    const std::size_t before = at_;
    const bool read = rule(one, 1);
    if (one.name.given()) group.rules.push_back(std::move(one));
    if (!read) recover({"rule"}, 0);
    if (at_ == before) next();
  }
  mark_close(0);
  const bool closed = expect("}");
  out_.file.declarations.emplace_back(std::move(group));
  return closed;
}

}  // namespace sekisho::rules
