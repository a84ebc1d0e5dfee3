// What tests reached of a rule set: which rules were asked and acted, which conditions were ever
// true and ever false. Pure; one thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "rules/check/rule_set.h"
#include "rules/syntax/source.h"
#include "rules/testing/verdict.h"

namespace sekisho::rules::testing {

class Coverage {
 public:
  explicit Coverage(const RuleSet& set);
  void add(const StageRun& run);

  struct Gap {
    enum class Kind : std::uint8_t {
      never_asked,
      never_true,
      part_never_true,
      part_never_false,
      part_never_asked
    };
    Kind kind = Kind::never_asked;
    std::size_t rule = 0;
    Span span;  // of the rule's name or the part
  };
  // In the order of rules; rules that are off are left out.
  [[nodiscard]] std::vector<Gap> gaps() const;
  [[nodiscard]] std::size_t rules() const;    // that are not off
  [[nodiscard]] std::size_t covered() const;  // of those: they acted in a test

 private:
  struct Seen {
    bool yes = false;
    bool no = false;
  };
  struct RuleSeen {
    bool asked = false;
    bool acted = false;
  };
  void gaps_in(const Condition& condition, std::size_t rule, std::vector<Gap>& out) const;

  const RuleSet& set_;
  std::vector<RuleSeen> rules_;
  // By what the condition says: the engine answers what is said twice once.
  std::map<std::string, Seen> parts_;
};

// "office.rules:12:3: no test reaches …"
[[nodiscard]] std::string render(const Coverage::Gap& gap, const RuleSet& set,
                                 const Sources& sources);
[[nodiscard]] std::string_view word_for(Coverage::Gap::Kind kind);  // "never-asked", for JSON

}  // namespace sekisho::rules::testing
