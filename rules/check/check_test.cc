// The tests beside the rules: that what they say can be done.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {

using ast::Step;

void Checker::test(const ast::Test& source) {
  bool expects = false;
  for (const auto& one : source.steps) {
    step(one);
    expects = expects || one.expect.given();
  }
  if (!expects) {
    diagnostics_.warning(source.name.span, "this test expects nothing",
                         "add: expect accept, or expect reject by RULE");
  }
  out_.tests.push_back(source);
}

void Checker::step(const Step& source) {
  switch (source.kind) {
    case Step::Kind::client:
      item(Type::ip, source.subject);
      break;
    case Step::Kind::mail:
      if (!source.subject.text.empty()) item(Type::address, source.subject);
      break;
    case Step::Kind::rcpt:
      if (source.subject.text.empty()) {
        error(source.subject.span, "a recipient is an address", "only senders may be <>");
      } else {
        item(Type::address, source.subject);
      }
      break;
    case Step::Kind::wait:
      time(source.subject, "a wait");
      break;
    case Step::Kind::message:
      if (source.file) file_exists(source.subject, "message");
      break;
    case Step::Kind::given:
      given(source);
      break;
    default:
      break;
  }
  if (source.times.given()) {
    const auto times = parse_uint(source.times.text);
    if (!times || *times == 0 || *times > 10'000) {
      error(source.times.span, fmt::format("\"{}\" is no number of times", source.times.text),
            "from 1 to 10000");
    }
  }
  for (const auto* code : {&source.upstream, &source.expect_code}) {
    if (!code->given()) continue;
    const auto number = parse_uint(code->text);
    if (!number || *number < 200 || *number > 599) {
      error(code->span, fmt::format("\"{}\" is no reply code", code->text));
    }
  }
  if (source.expect.given()) expectation(source);
}

void Checker::given(const Step& source) {
  const auto& name = source.subject;
  Symbol* symbol = find(name.text);
  if (symbol != nullptr && (symbol->kind == Named::list || symbol->kind == Named::map)) {
    if (source.value.given()) {
      error(source.value.span, fmt::format("\"{}\" is given as {{ … }}", name.text));
    }
    const bool is_map = symbol->kind == Named::map;
    const Type type = is_map ? out_.maps[symbol->index].key : out_.lists[symbol->index].type;
    for (const auto& entry : source.entries) {
      item(type, entry.key);
      if (is_map == entry.values.empty()) {
        error(entry.key.span,
              is_map ? fmt::format("\"{}\" is a map, so \"{}\" needs values", name.text,
                                   entry.key.text)
                     : fmt::format("\"{}\" is a list, not a map", name.text),
              is_map ? "key: value, value" : "");
      }
      if (!is_map) continue;
      for (const auto& value : entry.values) item(out_.maps[symbol->index].value, value);
    }
    return;
  }
  const auto* value = find_value(name.text);
  if (value == nullptr || !value->item.empty() || value->type == Type::boolean) {
    std::vector<std::string_view> names = {"spf", "dkim", "dmarc"};
    for (const auto& [known, declared] : symbols_) {
      if (declared.kind == Named::list || declared.kind == Named::map) names.push_back(known);
    }
    error(name.span, fmt::format("\"{}\" cannot be given", name.text),
          did_you_mean(name.text, names));
    return;
  }
  if (!source.value.given()) {
    error(name.span, fmt::format("\"{}\" is one value", name.text),
          fmt::format("write: given {} {}", name.text, example_of(value->type)));
    return;
  }
  item(value->type, source.value);
}

void Checker::expectation(const Step& source) {
  const auto& what = source.expect.text;
  static const std::vector<std::string_view> outcomes = {
      "accept", "reject", "defer", "quarantine", "discard", "disconnect", "suspended", "tagged"};
  if (std::ranges::find(outcomes, what) == outcomes.end()) {
    auto hint = did_you_mean(what, outcomes);
    if (hint.empty()) hint = fmt::format("there are {}", fmt::join(outcomes, ", "));
    error(source.expect.span, fmt::format("\"{}\" is no outcome", what), hint);
  }
  if (source.expect_code.given()) {
    const char first = source.expect_code.text[0];
    const bool wrong = (what == "reject" && first != '5') || (what == "defer" && first != '4') ||
                       (what == "accept" && first != '2');
    if (wrong) {
      error(source.expect_code.span,
            fmt::format("{} is not a reply of \"{}\"", source.expect_code.text, what),
            what == "reject"  ? "reject replies 5yz"
            : what == "defer" ? "defer replies 4yz"
                              : "");
    }
  }
  if (source.by.given() && source.by.text != "relay-gate" && !rules_.contains(source.by.text)) {
    std::vector<std::string_view> names = {"relay-gate"};
    for (const auto& [name, span] : rules_) names.push_back(name);
    error(source.by.span, fmt::format("there is no rule \"{}\"", source.by.text),
          did_you_mean(source.by.text, names));
  }
}

}  // namespace sekisho::rules
