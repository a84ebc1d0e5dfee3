// Accelerator: what names the few patterns of a set that a text might match, so that PCRE2 is asked
// for these only. It may name too many, never one too few; whether that holds is watched (guard.h).
// Immutable; any thread with a Scratch of its own.
#pragma once

#include <cstdint>
#include <string_view>

#include "rules/match/candidates.h"
#include "rules/match/scratch.h"

namespace sekisho::rules::match {

enum class AcceleratorKind : std::uint8_t { literals, hyperscan };

[[nodiscard]] constexpr std::string_view to_string(AcceleratorKind kind) {
  return kind == AcceleratorKind::hyperscan ? "hyperscan" : "literals";
}

class Accelerator {
 public:
  virtual ~Accelerator() = default;
  [[nodiscard]] virtual AcceleratorKind kind() const = 0;
  // Adds the number of every pattern that may match. False: it can't say for this text, so all may.
  [[nodiscard]] virtual bool propose(std::string_view text, Scratch& scratch,
                                     Candidates& candidates) const = 0;
};

}  // namespace sekisho::rules::match
