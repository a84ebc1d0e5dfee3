#include "filters/rules/carry_out.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho::filters::rule {
namespace {

namespace engine = ::sekisho::rules::engine;
using engine::Decision;
using engine::Effect;
using engine::End;
using Kind = ::sekisho::rules::ast::Action::Kind;

constexpr std::size_t kMaxNames = 20;  // of rules, in one log line

LogLine line_of(std::string event, const Where& where, LogLevel level = LogLevel::info) {
  LogLine line(event, level);
  line.src(where.peer.remote).add("session", where.peer.session_id);
  if (!where.envelope.id.empty()) line.add("id", where.envelope.id);
  line.add("filter", where.filter).add("stage", to_string(where.stage));
  return line;
}

void count(const Where& where, std::string_view what, std::size_t rule) {
  where.context.metrics
      .counter("rules_total",
               "What became of rules: hits, shadow hits (would have acted), failures",
               {{"filter", where.filter},
                {"rule", where.book.name_of(rule)},
                {"what", std::string(what)}})
      .add();
}

// Of a user, a client or a network, as the rule says.
void suspend(const Effect& effect, const Where& where) {
  if (where.context.errands == nullptr || !effect.action->value ||
      effect.action->value->value == nullptr)
    return;
  const std::string_view value = effect.action->value->value->name;
  const auto of = value == "client.ip"        ? Suspension::Of::client
                  : value == "client.network" ? Suspension::Of::network
                                              : Suspension::Of::user;
  for (const std::string& whom : effect.values)
    where.context.errands->suspend({.of = of,
                                    .whom = whom,
                                    .time = effect.action->time,
                                    .why = "rule " + where.book.name_of(effect.rule),
                                    .id = where.envelope.id});
}

void notify(const Effect& effect, const Where& where) {
  if (where.context.errands == nullptr) return;
  const auto& rule = where.book.set->rules[effect.rule];
  where.context.errands->notify(
      {.to = effect.action->name,
       .subject = fmt::format("{}: rule {}", where.context.hostname, rule.name),
       .text = fmt::format("{}\n\nRule {} ({}), client {}, id {}\n", effect.text, rule.name,
                           rule.sentence, where.peer.client_name(), where.envelope.id),
       .id = where.envelope.id});
}

void add_text(const Effect& effect, const Where& where) {
  const auto found = where.book.texts.find(effect.action->name);
  if (found == where.book.texts.end()) return;
  mail::AddedText text = found->second;
  text.before = effect.action->kind == Kind::prepend;
  where.view->wishes.texts.push_back(std::move(text));
}

void edit(const Effect& effect, const Where& where) {
  if (where.view == nullptr) return;
  View& view = *where.view;
  const std::string& name = effect.action->name;
  switch (effect.action->kind) {
    case Kind::add_header:
      view.edits.add(name, effect.text);
      break;
    case Kind::set_header:
      view.edits.replace(name, effect.text);
      break;
    case Kind::remove_header:
      view.edits.remove(name);
      break;
    case Kind::route:
      view.wishes.route = name;
      break;
    case Kind::prepend:
    case Kind::append:
      add_text(effect, where);
      break;
    case Kind::delay:
      view.wishes.delay += effect.action->time;
      break;
    default:
      break;
  }
}

void do_effect(const Effect& effect, const Where& where) {
  switch (effect.action->kind) {
    case Kind::log:
      where.context.log.write(line_of("rule_log", where)
                                  .add("rule", where.book.name_of(effect.rule))
                                  .add("text", effect.text));
      break;
    case Kind::notify:
      notify(effect, where);
      break;
    case Kind::suspend:
      suspend(effect, where);
      break;
    case Kind::sign:
      if (where.keys != nullptr)
        where.keys->insert(where.keys->end(), effect.values.begin(), effect.values.end());
      break;
    default:
      edit(effect, where);
      break;
  }
}

void report(const Decision& decision, const Where& where) {
  for (const std::size_t rule : decision.hits) count(where, "hit", rule);
  if (!decision.hits.empty()) {
    std::string names;
    for (std::size_t i = 0; i < decision.hits.size() && i < kMaxNames; ++i)
      names += (i == 0 ? "" : ",") + where.book.name_of(decision.hits[i]);
    LogLine line = line_of("rules", where);
    line.add("hits", names).add("end", engine::to_string(decision.end));
    std::string tags;
    for (const Effect& effect : decision.effects)
      if (effect.action->kind == Kind::tag) tags += (tags.empty() ? "" : ",") + effect.text;
    if (!tags.empty()) line.add("tags", tags);
    where.context.log.write(line);
  }
  for (const engine::ShadowHit& hit : decision.shadow) {
    count(where, "shadow", hit.rule);
    where.context.log.write(line_of(fmt::format("would_{}", hit.would), where)
                                .add("rule", where.book.name_of(hit.rule)));
  }
  for (const engine::Failure& failure : decision.failures) {
    count(where, "failure", failure.rule);
    where.context.log.write(line_of("rule_failed", where, LogLevel::warning)
                                .add("rule", where.book.name_of(failure.rule))
                                .add("shadow", failure.shadow)
                                .add("why", failure.why));
  }
}

smtp::Reply reply_of(const Decision& decision, int code, std::string_view enhanced,
                     std::string_view text) {
  const std::string words = encode_for_smtp(decision.text);
  return smtp::Reply::of(decision.code != 0 ? decision.code : code,
                         decision.enhanced.empty() ? enhanced : decision.enhanced,
                         words.empty() ? text : words);
}

}  // namespace

Verdict carry_out(const Decision& decision, const Where& where) {
  report(decision, where);
  for (const Effect& effect : decision.effects) do_effect(effect, where);
  const std::string why = decision.rule
                              ? fmt::format("{} {}", decision.by_failure ? "failed rule" : "rule",
                                            where.book.name_of(*decision.rule))
                              : std::string("rules");
  switch (decision.end) {
    case End::none:
      return Verdict::pass();
    case End::accept:  // of this filter's rules: other filters have their own say
      return Verdict::pass();
    case End::reject:
      return Verdict::reject(reply_of(decision, 550, "5.7.1", "refused by a rule"), why);
    case End::defer:
      return Verdict::defer(
          decision.by_failure ? smtp::Reply::of(451, "4.3.0", "temporary problem, try again later")
                              : reply_of(decision, 450, "4.7.1", "not now, try again later"),
          why);
    case End::quarantine:
      return Verdict::quarantine(decision.text.empty() ? why : why + ": " + decision.text);
    case End::discard:
      return Verdict::discard(why);
    case End::disconnect:
      return Verdict::disconnect(
          smtp::Reply::of(421, "4.7.0", "closing connection, try again later"), why);
  }
  return Verdict::pass();
}

}  // namespace sekisho::filters::rule
