// What an accelerator must find before it is trusted: for each pattern a text that PCRE2 matches,
// by itself and in longer company. Pure but for its time: some 20 µs a pattern.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rules/match/accelerator.h"
#include "rules/match/matcher.h"
#include "rules/match/scratch.h"

namespace sekisho::rules::match {

struct Sample {
  std::uint32_t number = 0;
  std::string text;
};

// Of as many patterns as one can be made for.
[[nodiscard]] std::vector<Sample> samples_of(std::span<const Regex* const> regexes,
                                             std::span<const Matcher> matchers, Scratch& scratch);

// The first pattern that the accelerator lost.
[[nodiscard]] std::optional<std::uint32_t> lost_by(const Accelerator& accelerator,
                                                   std::span<const Sample> samples,
                                                   std::span<const Matcher> matchers,
                                                   Scratch& scratch);

}  // namespace sekisho::rules::match
