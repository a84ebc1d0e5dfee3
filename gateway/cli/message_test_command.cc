// `sekisho test`: what rules make of messages, and why.
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "gateway/base/encode.h"
#include "gateway/cli/circumstances.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/mail_files.h"
#include "gateway/cli/print_json.h"
#include "gateway/cli/rule_files.h"
#include "rules/testing/clause.h"
#include "rules/testing/play.h"

namespace sekisho::cli {
namespace {

namespace rt = rules::testing;
using Outcome = rules::engine::RuleTrace::Outcome;

struct Shown {
  const RuleFiles& files;
  bool all_rules;  // not only those that had something to say
};

std::string on_one_line(std::string_view text) { return encode_for_log(text, 1000); }

nlohmann::json as_json(const rt::Verdict& verdict) {
  nlohmann::json out{{"outcome", verdict.accepts() ? "accept" : to_string(verdict.end)},
                     {"by", verdict.by},
                     {"text", verdict.text}};
  if (verdict.refuses()) out["code"] = verdict.code;
  if (!verdict.failure.empty()) out["failure"] = verdict.failure;
  return out;
}

nlohmann::json as_json(const rules::engine::RuleTrace& trace, const rt::StageRun& run,
                       const CheckedRules& checked) {
  nlohmann::json out{{"stage", to_string(run.stage)},
                     {"rule", checked.set.rules[trace.rule].name},
                     {"outcome", rt::to_string(trace.outcome)},
                     {"clauses", nlohmann::json::array()}};
  if (!run.about.empty()) out["about"] = run.about;
  if (!trace.why.empty()) out["why"] = trace.why;
  for (const auto& clause : rt::deciding(trace, checked.sources)) {
    nlohmann::json one{{"text", clause.text},
                       {"truth", rt::to_string(clause.truth)},
                       {"values", clause.values},
                       {"matched", clause.matched}};
    if (clause.item) one["item"] = *clause.item;
    out["clauses"].push_back(std::move(one));
  }
  return out;
}

nlohmann::json as_json(const MailFile& mail, const rt::Circumstances& who, const rt::Played& played,
                       const CheckedRules& checked) {
  nlohmann::json out{{"message", mail.name},
                     {"from", who.sender},
                     {"recipients", who.recipients},
                     {"at", played.at},
                     {"verdict", as_json(played.verdict)},
                     {"refused", nlohmann::json::array()},
                     {"effects", nlohmann::json::array()},
                     {"rules", nlohmann::json::array()}};
  for (const auto& [recipient, verdict] : played.refused) {
    auto one = as_json(verdict);
    one["recipient"] = recipient;
    out["refused"].push_back(std::move(one));
  }
  for (const auto& effect : played.effects) {
    out["effects"].push_back(
        {{"rule", checked.set.rules[effect.rule].name}, {"what", rt::to_string(effect)}});
  }
  for (const auto& run : played.runs) {
    for (const auto& trace : run.trace.rules) out["rules"].push_back(as_json(trace, run, checked));
  }
  return out;
}

void print(const rules::engine::RuleTrace& trace, const rt::StageRun& run, const Shown& shown) {
  const bool telling = trace.outcome == Outcome::acted || trace.outcome == Outcome::shadow ||
                       trace.outcome == Outcome::failed;
  if (!telling && !shown.all_rules) return;
  const auto& checked = shown.files.checked;
  std::vector<std::string> parts;
  if (!trace.why.empty()) parts.push_back(trace.why);
  for (const auto& clause : rt::deciding(trace, checked.sources)) {
    parts.push_back(to_string(clause));
  }
  fmt::print("  {:8} {:28} {}{}{}\n", to_string(run.stage), checked.set.rules[trace.rule].name,
             rt::to_string(trace.outcome), parts.empty() ? "" : ": ", fmt::join(parts, " and "));
}

void print(const MailFile& mail, const rt::Circumstances& who, const rt::Played& played,
           const Shown& shown) {
  fmt::print("{}: {}{}\n", on_one_line(mail.name),
             played.at == "message" ? "" : "at " + played.at + ": ", to_string(played.verdict));
  if (shown.all_rules) {
    fmt::print("  from <{}> to <{}>\n", on_one_line(who.sender),
               on_one_line(fmt::format("{}", fmt::join(who.recipients, ">, <"))));
  }
  for (const auto& [recipient, verdict] : played.refused) {
    fmt::print("  <{}>: {}\n", on_one_line(recipient), to_string(verdict));
  }
  for (const auto& run : played.runs) {
    for (const auto& trace : run.trace.rules) print(trace, run, shown);
  }
  for (const auto& effect : played.effects) {
    fmt::print("  does     {} by {}\n", rt::to_string(effect),
               shown.files.checked.set.rules[effect.rule].name);
  }
}

}  // namespace

int test_message(const MessageWish& wish) {
  const auto said = circumstances(wish.who);
  auto paths = MailFiles::find(wish.messages);
  if (!said || !paths) {
    const auto& error = said ? paths.error() : said.error();
    fmt::print(stderr, "sekisho test: {}\n", on_one_line(error.text));
    return kUsage;
  }
  const auto files = load_rule_files(wish.rules);
  if (!files) return kErrors;
  const auto ready =
      rt::Ready::make(std::make_shared<const rules::RuleSet>(files->checked.set), files->lists);
  auto matchers = ready.matchers();
  if (!matchers) {
    fmt::print(stderr, "sekisho test: {}\n", on_one_line(matchers.error().text));
    return kErrors;
  }
  MailFiles mails(std::move(*paths));
  auto json = nlohmann::json::array();
  auto mail = mails.next();
  while (mail) {
    auto following = mails.next();
    const Shown shown{.files = *files, .all_rules = mail->number == 0 && !following};
    const auto who = circumstances_of(mail->bytes, *said, wish.who);
    const auto played = rt::play(ready, *matchers, who, mail->bytes, true);
    if (wish.json) {
      json.push_back(as_json(*mail, who, played, files->checked));
    } else {
      print(*mail, who, played, shown);
    }
    mail = std::move(following);
  }
  if (wish.json) print_json(json);
  const auto errors = mails.errors();
  for (const auto& error : errors)
    fmt::print(stderr, "sekisho test: {}\n", on_one_line(error.text));
  return errors.empty() ? kDone : kErrors;
}

}  // namespace sekisho::cli
