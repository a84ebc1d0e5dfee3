// What is done about each SPF result, and in which words: [filter.NAME] of `spf`, read once, shared
// by all threads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "filters/filter.h"
#include "filters/spf/evaluator.h"
#include "gateway/base/settings_visitor.h"
#include "gateway/mail/authentication.h"

namespace sekisho::spf {

// From the mildest to the hardest.
enum class Action : std::uint8_t { pass, tag, quarantine, defer, reject };

// What was found out of one identity.
struct Finding {
  mail::SpfFact::Identity identity = mail::SpfFact::Identity::mail_from;
  std::string address;  // local@domain, or the HELO name; foreign bytes
  std::string domain;   // lower case; foreign bytes
  Verdict verdict;
};

std::string_view to_string(mail::SpfFact::Identity identity);  // "helo", "mailfrom"
mail::AuthResult auth_result(Outcome outcome);

class Policy {
 public:
  void visit(SettingsVisitor& v);
  [[nodiscard]] Action action_for(Outcome outcome) const {
    return actions_.at(static_cast<std::size_t>(outcome));
  }
  // A tag is the caller's to write; here it passes.
  [[nodiscard]] filters::Verdict verdict_on(const Finding& finding, const IpAddress& client) const;

 private:
  std::array<Action, 7> actions_{Action::pass, Action::pass,  Action::pass, Action::reject,
                                 Action::tag,  Action::defer, Action::tag};  // by Outcome
};

// "fail of example.org (mailfrom): -all", for the log.
std::string describe(const Finding& finding);

}  // namespace sekisho::spf
