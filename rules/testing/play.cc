#include "rules/testing/play.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/testing/clause.h"

namespace sekisho::rules::testing {
namespace {

// What the steps say until one of them refuses.
void walk(Conversation& talk, const Circumstances& who, std::string_view message, Played& out) {
  const auto refused = [&](std::string_view at, Verdict verdict) {
    out.at = at;
    out.verdict = std::move(verdict);
    return out.verdict.refuses();
  };
  if (refused("connect", talk.connect())) return;
  if (refused("helo", talk.helo(who.helo))) return;
  if (!who.user.empty() && refused("auth", talk.login(who.user))) return;
  if (refused("mail", talk.mail(who.sender))) return;
  for (const auto& recipient : who.recipients) {
    auto verdict = talk.rcpt(recipient, std::nullopt);
    if (!verdict.refuses()) continue;
    out.refused.emplace_back(recipient, verdict);
    if (out.refused.size() < who.recipients.size()) continue;
    (void)refused("rcpt", std::move(verdict));
    return;
  }
  (void)refused("message", talk.message(message, std::nullopt));
}

}  // namespace

Played play(const Ready& ready, content::Matchers& matchers, const Circumstances& who,
            std::string_view message, bool tracing) {
  NoCounters counters;
  Conversation talk(ready, matchers, counters, tracing);
  auto& values = talk.values();
  values.client = who.client;
  values.listener = who.listener;
  values.server_name = who.server_name;
  values.tls = who.tls;
  if (who.tls) values.tls_version = "TLSv1.3";
  values.spf = who.spf;
  values.dkim = who.dkim;
  values.dmarc = who.dmarc;
  values.now = who.now;
  Played out;
  walk(talk, who, message, out);
  talk.finish();
  out.effects = talk.effects();
  out.runs = talk.runs();
  return out;
}

std::string to_string(const engine::Effect& effect) {
  using Kind = ast::Action::Kind;
  const auto& action = *effect.action;
  switch (action.kind) {
    case Kind::tag:
      return fmt::format("tag \"{}\"", effect.text);
    case Kind::log:
      return fmt::format("log \"{}\"", effect.text);
    case Kind::add_score:
      return fmt::format("add {} to a score", fmt::join(effect.values, ", "));
    case Kind::add_header:
      return fmt::format("add header \"{}\" \"{}\"", action.name, effect.text);
    case Kind::set_header:
      return fmt::format("set header \"{}\" \"{}\"", action.name, effect.text);
    case Kind::remove_header:
      return fmt::format("remove header \"{}\"", action.name);
    case Kind::prepend:
      return fmt::format("prepend \"{}\"", action.name);
    case Kind::append:
      return fmt::format("append \"{}\"", action.name);
    case Kind::sign:
      return "sign dkim";
    case Kind::route:
      return fmt::format("route to {}", action.name);
    case Kind::delay:
      return fmt::format("delay {}s", static_cast<double>(action.time.count()) / 1000.0);
    case Kind::notify:
      return fmt::format("notify \"{}\" \"{}\"", action.name, in_one_line(effect.text));
    case Kind::webhook:
      return fmt::format("webhook \"{}\"", action.name);
    case Kind::suspend:
      return fmt::format("suspend {}", fmt::join(effect.values, ", "));
    default:
      return {};
  }
}

}  // namespace sekisho::rules::testing
