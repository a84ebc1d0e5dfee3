// What a client is told at one step, and all that led to it. Plain values; pointers are into the
// RuleSet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/engine/decision.h"
#include "rules/engine/trace.h"

namespace sekisho::rules::testing {

// The rules of one stage, asked once.
struct StageRun {
  Stage stage = Stage::connect;
  std::string about;  // rcpt: which recipient
  engine::Decision decision;
  engine::Trace trace;
};

inline constexpr std::string_view kRelayGate = "relay-gate";
inline constexpr std::string_view kUpstream = "upstream";

struct Verdict {
  engine::End end = engine::End::none;  // none, accept: the client may go on
  std::uint16_t code = 250;
  std::string enhanced;
  std::string text;     // of the reply; of quarantine: why
  std::string failure;  // of the rule, whose on_error this is
  std::string by;       // a rule's name, relay-gate, upstream; empty: nobody decided

  [[nodiscard]] bool refuses() const {
    return end == engine::End::reject || end == engine::End::defer ||
           end == engine::End::disconnect;
  }
  [[nodiscard]] bool accepts() const {
    return end == engine::End::none || end == engine::End::accept;
  }
};

// "reject 550 by no-programs: \"The attachment …\""
[[nodiscard]] std::string to_string(const Verdict& answer);

}  // namespace sekisho::rules::testing
