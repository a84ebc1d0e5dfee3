// What is done about each outcome of DMARC, and in which words: [filter.NAME] of `dmarc`, read
// once, shared by all threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "filters/dmarc/evaluator.h"
#include "filters/filter.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::dmarc {

// From the mildest to the hardest.
enum class Action : std::uint8_t { pass, tag, quarantine, defer, reject };

class ActionSettings {
 public:
  void visit(SettingsVisitor& v);

  [[nodiscard]] Action action_for(const Verdict& verdict) const;
  [[nodiscard]] Action for_bad_from() const { return bad_from_; }
  // A tag is the caller's to write; here it passes.
  [[nodiscard]] filters::Verdict verdict_on(const Verdict& verdict,
                                            const std::string& from_domain) const;
  // `flaw` is of from_domain(): fixed words.
  [[nodiscard]] filters::Verdict verdict_on_bad_from(const std::string& flaw) const;

 private:
  Action none_ = Action::pass;
  Action quarantine_ = Action::quarantine;
  Action reject_ = Action::reject;
  Action temperror_ = Action::defer;
  Action permerror_ = Action::pass;
  Action bad_from_ = Action::reject;
};

// "DMARC fail of example.org, policy reject (spf pass of example.net)", for the log; foreign bytes.
std::string describe(const Verdict& verdict, const std::string& from_domain);

}  // namespace sekisho::dmarc
