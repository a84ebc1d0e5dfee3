// What rules do: which actions there are at a stage, and what they are given.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

using Kind = ast::Action::Kind;

struct Allowed {
  Kind kind;
  std::string_view name;
  Stage from;
  Stage to;
  std::string_view why;  // not elsewhere
};

constexpr std::string_view kNoReply = "the client has its reply already";
constexpr std::string_view kNoMessage = "there is no message yet";

constexpr std::array<Allowed, 21> kAllowed = {{
    {Kind::reject, "reject", Stage::connect, Stage::message, kNoReply},
    {Kind::defer, "defer", Stage::connect, Stage::message, kNoReply},
    {Kind::quarantine, "quarantine", Stage::message, Stage::message, kNoMessage},
    {Kind::discard, "discard", Stage::message, Stage::message, kNoMessage},
    {Kind::accept, "accept", Stage::connect, Stage::message, "there is nothing left to skip"},
    {Kind::disconnect, "disconnect", Stage::connect, Stage::message, kNoReply},
    {Kind::skip, "skip", Stage::connect, Stage::outcome, ""},
    {Kind::tag, "tag", Stage::connect, Stage::outcome, ""},
    {Kind::log, "log", Stage::connect, Stage::outcome, ""},
    {Kind::add_score, "add to a score", Stage::connect, Stage::message, "nobody asks it any more"},
    {Kind::add_header, "add a header field", Stage::message, Stage::message, kNoMessage},
    {Kind::set_header, "set a header field", Stage::message, Stage::message, kNoMessage},
    {Kind::remove_header, "remove a header field", Stage::message, Stage::message, kNoMessage},
    {Kind::prepend, "prepend", Stage::message, Stage::message, kNoMessage},
    {Kind::append, "append", Stage::message, Stage::message, kNoMessage},
    {Kind::sign, "sign", Stage::message, Stage::message, kNoMessage},
    {Kind::route, "route", Stage::mail, Stage::rcpt, "the upstream is chosen with the recipients"},
    {Kind::delay, "delay", Stage::connect, Stage::message, kNoReply},
    {Kind::notify, "notify", Stage::connect, Stage::outcome, ""},
    {Kind::webhook, "webhook", Stage::connect, Stage::outcome, ""},
    {Kind::suspend, "suspend", Stage::connect, Stage::outcome, ""},
}};

const Allowed* allowed(Kind kind) {
  const auto* found = std::ranges::find(kAllowed, kind, &Allowed::kind);
  return found == kAllowed.end() ? nullptr : found;
}

}  // namespace

void Checker::actions(const ast::Rule& source, Rule& rule) {
  const bool known_stage = stage_named(source.stage.text).has_value();
  const ast::Action* final_one = nullptr;
  for (const auto& one : source.actions) {
    if (one.kind == Kind::relay) {
      error(
          one.span, "no rule can grant relay",
          "the relay gate decides it before any rule runs, by [relay] of the configuration; rules "
          "only narrow");
      continue;
    }
    const auto* where = allowed(one.kind);
    if (known_stage && where != nullptr && (rule.stage < where->from || rule.stage > where->to)) {
      const bool early = rule.stage < where->from;
      error(
          one.span, fmt::format("\"{}\" is not possible at {}", where->name, to_string(rule.stage)),
          fmt::format("{}; it is {}{}",
                      early || where->why != kNoMessage ? where->why : "the message has gone",
                      where->from == where->to ? "at " : "from ",
                      where->from == where->to
                          ? std::string(to_string(where->from))
                          : fmt::format("{} to {}", to_string(where->from), to_string(where->to))));
    }
    if (is_final(one.kind)) {
      if (final_one != nullptr) {
        error(one.span, "the rule ends twice",
              fmt::format("it ends with \"{}\" already; one rule, one fate",
                          allowed(final_one->kind)->name));
      }
      final_one = &one;
    }
    if (one.kind == Kind::skip && rule.group.empty()) {
      error(one.span, "\"skip\" leaves a group, and this rule is in none",
            "\"accept\" skips the remaining rules of the stage");
    }
    if (auto action = this->action(one, rule)) rule.actions.push_back(std::move(*action));
  }
}

std::optional<Action> Checker::action(const ast::Action& source, const Rule& rule) {
  Action action;
  action.kind = source.kind;
  action.span = source.span;
  bool good = true;
  if (source.kind == Kind::reject || source.kind == Kind::defer) good = reply(source, action);
  if (source.kind == Kind::prepend || source.kind == Kind::append) {
    file_exists(source.text, "text");
    action.name = beside(sources_[source.text.span.source].path(), source.text.text).string();
  } else if (source.text.given()) {
    auto text = this->text(source.text, rule);
    good = good && text.has_value();
    if (text) action.text = std::move(*text);
  }
  if (source.time.given()) {
    const auto time =
        this->time(source.time, source.kind == Kind::delay ? "a delay" : "a suspension");
    good = good && time.has_value();
    action.time = time.value_or(std::chrono::milliseconds(0));
    if (source.kind == Kind::delay && action.time > std::chrono::minutes(2)) {
      error(source.time.span, "a delay is at most 2m",
            "clients wait five minutes for a reply (RFC 5321 section 4.5.3.2)");
    }
  }
  good = action_target(source, action) && good;
  if (source.value) good = action_value(source, rule, action) && good;
  if (!good) return std::nullopt;
  return action;
}

bool Checker::action_target(const ast::Action& source, Action& into) {
  into.name = source.name.given() ? source.name.text : into.name;
  switch (source.kind) {
    case Kind::add_header:
    case Kind::set_header:
    case Kind::remove_header:
      if (!header_name(source.name)) return false;
      if (iequals(source.name.text, "Received") || iequals(source.name.text, "Return-Path")) {
        error(source.name.span, fmt::format("\"{}\" belongs to the transport", source.name.text),
              "loops are found by Received (RFC 5321 section 6.3)");
        return false;
      }
      return true;
    case Kind::add_score: {
      const auto* index = use(source.name, Named::score, "a score");
      if (index == nullptr) return false;
      // Who only adds to a score does not use it.
      into.score = *index;
      return true;
    }
    case Kind::notify:
      return item(Type::address, source.name).has_value();
    case Kind::webhook:
      if (source.name.text.starts_with("https://") && source.name.text.size() > 8) return true;
      error(source.name.span, "a webhook is called by an https URL",
            source.name.text.starts_with("http://") ? "write https://"
                                                    : "as in \"https://hooks.example.com/mail\"");
      return false;
    case Kind::route: {
      if (context_.upstreams.empty() ||
          std::ranges::find(context_.upstreams, source.name.text) != context_.upstreams.end()) {
        return true;
      }
      const std::vector<std::string_view> names(context_.upstreams.begin(),
                                                context_.upstreams.end());
      error(source.name.span, fmt::format("there is no upstream \"{}\"", source.name.text),
            did_you_mean(source.name.text, names));
      return false;
    }
    default:
      return true;
  }
}

bool Checker::action_value(const ast::Action& source, const Rule& rule, Action& into) {
  const auto& written = *source.value;
  const Place place{rule.stage, {}, std::nullopt, {}};
  if (source.kind == Kind::sign && written.kind == ast::Value::Kind::text) {
    into.value = constant(Type::key, written);
    return into.value.has_value();
  }
  auto value = operand(written);
  if (!value) return false;
  const bool constant = value->kind == Operand::Kind::constant;
  if (!constant) known(*value, place);
  switch (source.kind) {
    case Kind::add_score:
      if (value->type != Type::number || value->many) {
        error(written.span, fmt::format("{}; a score is a sum of numbers", describe(*value)));
        return false;
      }
      break;
    case Kind::sign:
      if (value->type != Type::key || value->kind != Operand::Kind::lookup) {
        error(written.span, fmt::format("{}, not a key", describe(*value)),
              "write: sign dkim with NAME[header.from.domain], where NAME is a map domain -> keys");
        return false;
      }
      break;
    default:
      if (constant || value->many ||
          (value->type != Type::user && value->type != Type::ip && value->type != Type::network)) {
        error(written.span, fmt::format("{}, which cannot be suspended", describe(*value)),
              "auth.user, client.ip and client.network can be");
        return false;
      }
  }
  into.value = std::move(value);
  return true;
}

}  // namespace sekisho::rules
