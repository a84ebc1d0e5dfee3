#include "filters/dmarc/policy.h"

#include <vector>

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho::dmarc {
namespace {

using mail::AuthResult;
using smtp::Reply;

// What is said of a message that is refused or marked.
struct Words {
  std::string deferred;
  std::string rejected;
  std::string why;  // for the log
};

filters::Verdict verdict_of(Action action, const Words& words) {
  switch (action) {
    case Action::pass:
    case Action::tag:
      break;
    case Action::quarantine:
      return filters::Verdict::quarantine(words.why);
    case Action::defer:
      return filters::Verdict::defer(Reply::of(451, "4.7.1", words.deferred), words.why);
    case Action::reject:
      return filters::Verdict::reject(Reply::of(550, "5.7.1", words.rejected), words.why);
  }
  return filters::Verdict::pass();
}

}  // namespace

void ActionSettings::visit(SettingsVisitor& v) {
  const std::vector<std::pair<std::string_view, Action>> actions{{"pass", Action::pass},
                                                                 {"tag", Action::tag},
                                                                 {"quarantine", Action::quarantine},
                                                                 {"defer", Action::defer},
                                                                 {"reject", Action::reject}};
  v.choice<Action>(
      "none", none_, actions,
      "What is done with mail that fails, of a domain that asks for nothing (p=none).");
  v.choice<Action>("quarantine", quarantine_, actions,
                   "... of a domain that wants it set apart (p=quarantine).");
  v.choice<Action>("reject", reject_, actions, "... of a domain that wants it refused (p=reject).");
  v.choice<Action>(
      "temperror", temperror_, actions,
      "What is done when the policy, or what could have passed, could not be looked up "
      "in time.");
  v.choice<Action>("permerror", permerror_, actions,
                   "What is done with mail of a domain whose record is wrong.");
  v.choice<Action>("bad_from", bad_from_, actions,
                   "What is done with mail whose author can't be told: no From or several of them, "
                   "one that can't be read, addresses of several domains.");
}

// Who asks for nothing gets that, whatever could not be looked up.
Action ActionSettings::action_for(const Verdict& verdict) const {
  switch (verdict.result) {
    case AuthResult::temperror:
      return verdict.record && verdict.disposition == Policy::none ? none_ : temperror_;
    case AuthResult::permerror:
      return permerror_;
    case AuthResult::fail:
      break;
    default:
      return Action::pass;
  }
  switch (verdict.disposition) {
    case Policy::quarantine:
      return quarantine_;
    case Policy::reject:
      return reject_;
    default:
      return none_;
  }
}

filters::Verdict ActionSettings::verdict_on(const Verdict& verdict,
                                            const std::string& from_domain) const {
  const std::string domain = encode_for_smtp(from_domain, 253);
  Words words{
      .deferred = fmt::format("DMARC: mail from {} can't be verified now, try again later", domain),
      .rejected =
          fmt::format("DMARC: mail from {} is not accepted unless SPF or DKIM shows that it "
                      "is from there",
                      domain),
      .why = describe(verdict, from_domain)};
  if (verdict.result == AuthResult::permerror) {
    words.rejected = fmt::format("DMARC: the record of {} is wrong", domain);
  }
  return verdict_of(action_for(verdict), words);
}

filters::Verdict ActionSettings::verdict_on_bad_from(const std::string& flaw) const {
  const std::string text = "DMARC: " + flaw;
  return verdict_of(bad_from_, {.deferred = text, .rejected = text, .why = text});
}

std::string describe(const Verdict& verdict, const std::string& from_domain) {
  std::string text = fmt::format("DMARC {} of {}", mail::to_string(verdict.result), from_domain);
  if (verdict.record) text += fmt::format(", policy {}", to_string(verdict.policy));
  if (!verdict.reason.empty()) text += ", " + verdict.reason;
  std::string found;
  for (const Identifier& identifier : verdict.identifiers) {
    if (identifier.result == AuthResult::none) continue;
    if (!found.empty()) found += ", ";
    found += fmt::format("{} {} of {}", identifier.method, mail::to_string(identifier.result),
                         identifier.domain);
  }
  return found.empty() ? text : text + " (" + found + ")";
}

}  // namespace sekisho::dmarc
