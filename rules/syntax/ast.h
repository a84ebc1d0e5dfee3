// The syntax tree of a rule file: what is written, name by name, nothing resolved. The parser makes
// it; the checker (rules/check) turns it into a RuleSet. Plain values; the tree owns all its text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rules/syntax/source.h"

namespace sekisho::rules::ast {

// A word as written, or a text without its quotes.
struct Word {
  std::string text;
  Span span;
  bool quoted = false;
  [[nodiscard]] bool given() const { return span.end != span.begin; }
};

struct Regex {
  std::string pattern;
  std::string flags;
  Span span;  // with slashes and flags
};

// What can be compared: a.b, a.b[c], header "X", a literal.
struct Value {
  enum class Kind : std::uint8_t { word, text, address, header };
  Kind kind = Kind::word;
  std::string text;  // the word; the text; the address without <>; the name of the header field
  Span span;
  std::unique_ptr<Value> key;  // may_send_as[key]
};

enum class Op : std::uint8_t {
  none,  // the value alone, which must be a condition
  is,
  is_not,
  present,
  absent,
  in,
  not_in,
  less,
  less_equal,
  greater,
  greater_equal,
  contains,
  starts_with,
  ends_with,
  matches,
  exceeded,
};

enum class Quantifier : std::uint8_t { any, every, no };

struct Expr {
  enum class Kind : std::uint8_t {
    all,       // children joined by `and`
    one,       // children joined by `or`
    negation,  // not children[0]
    each,      // any/every/no item [in left] where (children[0])
    patterns,  // any/at least N of name match
    compare,   // left op right
  };
  Kind kind = Kind::compare;
  Span span;
  std::vector<Expr> children;
  Op op = Op::none;
  Span op_span;
  bool count = false;  // compare: `count of left`
  std::optional<Value> left;
  std::optional<Value> right;
  std::optional<Regex> regex;
  Quantifier quantifier = Quantifier::any;
  Word name;      // each: the item; patterns: whose
  Word at_least;  // patterns: the number; not given with `any`
};

struct Item {
  Word word;
};

struct List {
  Word name;
  Word kind;
  std::optional<Word> file;
  std::vector<Item> items;
};

struct MapEntry {
  Word key;
  std::vector<Word> values;
};

struct Map {
  Word name;
  Word key_kind;
  Word value_kind;
  std::optional<Word> file;
  std::vector<MapEntry> entries;
};

struct Pattern {
  Word name;
  Word weight;  // not given: 1
  Regex regex;
};

struct Patterns {
  Word name;
  Value area;
  std::vector<Pattern> patterns;
};

struct Limit {
  Word name;
  bool share = false;  // share of UNIT OUTCOME … over WINDOW, at least N; else count UNIT … allow …
  bool fresh = false;  // count new UNIT
  Word unit;
  Word outcome;
  std::vector<Value> keys;
  std::optional<Expr> only_when;
  Word amount;
  Word period;
  Word at_once;
  Word window;
  Word at_least;
};

struct Score {
  Word name;
};

struct Define {
  Word name;
  Expr condition;
};

struct Action {
  enum class Kind : std::uint8_t {
    reject,
    defer,
    quarantine,
    discard,
    accept,
    disconnect,
    skip,
    tag,
    log,
    add_score,
    add_header,
    set_header,
    remove_header,
    prepend,
    append,
    sign,
    route,
    delay,
    notify,
    webhook,
    suspend,
    relay,  // `accept relay`, `allow`: kept so that the checker can say why there is none
  };
  Kind kind = Kind::accept;
  Span span;
  Word code;
  Word enhanced;
  Word name;                   // header field; score; upstream; address to notify; URL
  Word text;                   // the text with {values}
  Word time;                   // delay, suspend
  std::optional<Value> value;  // what is added to a score, signed with, suspended
};

struct Shadow {
  Span span;
  Word until;
  bool enforce = false;
};

struct Rule {
  Word name;
  Word sentence;
  Span span;
  std::optional<Shadow> shadow;
  bool off = false;
  Word stage;
  std::optional<Expr> when;
  std::vector<Action> actions;
  Word on_error;
};

struct Group {
  Word name;
  Expr when;
  std::vector<Rule> rules;
};

struct Include {
  Word path;
};

struct Step {
  enum class Kind : std::uint8_t {
    client,
    listener,
    helo,
    tls,
    login,
    mail,
    rcpt,
    message,
    given,
    wait,
    expect,  // nothing done, only expected
  };
  Kind kind = Kind::expect;
  Span span;
  Word subject;                   // the address, name, user, file; what is given
  std::vector<MapEntry> entries;  // given NAME { … }: a list's items are keys without values
  Word value;                     // given spf fail
  bool file = false;              // message file "…", not message text "…"
  Word times;
  Word upstream;
  Word expect;  // accept, reject, … suspended, tagged; not given: nothing expected
  Word expect_code;
  Word expect_what;  // who is suspended, which tag
  Word by;
};

struct Test {
  Word name;
  std::vector<Step> steps;
};

using Declaration =
    std::variant<Include, List, Map, Patterns, Limit, Score, Define, Group, Rule, Test>;

struct File {
  std::uint32_t source = 0;
  std::vector<Declaration> declarations;
};

}  // namespace sekisho::rules::ast
