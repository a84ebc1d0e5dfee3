// What the rules of one stage decided: a value. The engine does nothing itself; whoever asked
// carries the decision out, effects in their order, and then the end. Texts are rendered: bounded,
// valid UTF-8, without CR and control bytes, and without LF but in texts of notify and webhook.
// They are not encoded for a sink: a reply, a header field or a log line has its own encoder, which
// is the caller's business. Effect::values are as they came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/rule_set.h"

namespace sekisho::rules::engine {

// How the stage ended. `accept`: the remaining rules are skipped, nothing is granted.
enum class End : std::uint8_t { none, accept, reject, defer, quarantine, discard, disconnect };

[[nodiscard]] std::string_view to_string(End end);

// An action that is not an end. tag and add_score, which State has already, are here for the log.
struct Effect {
  std::size_t rule = 0;
  const Action* action = nullptr;  // of the RuleSet: kind, name, time
  std::string text;
  std::vector<std::string> values;  // sign: keys "selector:file"; suspend: whom; add_score: points
};

struct ShadowHit {
  std::size_t rule = 0;
  std::string_view would;  // "reject", "tag": its end, or its first action
};

struct Failure {
  std::size_t rule = 0;
  std::string why;
  bool shadow = false;
};

struct Decision {
  End end = End::none;
  std::uint16_t code = 0;  // of reject and defer
  std::string enhanced;
  std::string text;                 // of reject, defer, quarantine
  std::optional<std::size_t> rule;  // who ended it
  bool by_failure = false;          // it ended since a rule failed: on_error
  std::vector<Effect> effects;
  std::vector<std::size_t> hits;  // rules that were true and acted, in their order
  std::vector<ShadowHit> shadow;
  std::vector<Failure> failures;
  std::uint64_t steps = 0;  // work done, see kMaxSteps

  [[nodiscard]] bool refuses() const {
    return end == End::reject || end == End::defer || end == End::disconnect;
  }
};

}  // namespace sekisho::rules::engine
