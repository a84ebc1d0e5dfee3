// Patterns and texts at random, the same for the same seed, over few characters, so that they meet
// often: what two ways to match must agree on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/regex.h"

namespace sekisho::rules::match::testing {

class RandomPatterns {
 public:
  explicit RandomPatterns(std::uint64_t seed) : state_(seed * 2 + 1) {}

  // One that PCRE2 compiles.
  Regex pattern();
  // Some of it made of what `near` takes.
  std::string text(const std::vector<Regex>& near);

 private:
  std::uint64_t below(std::uint64_t bound);
  bool once_in(std::uint64_t n) { return below(n) == 0; }
  std::string_view any_of(const std::vector<std::string_view>& all) {
    return all[below(all.size())];
  }
  std::string choice(int depth);
  std::string sequence(int depth);
  std::string piece(int depth);
  std::string atom(int depth);
  std::string group(int depth);
  std::string char_class();
  std::string flags();

  std::uint64_t state_;
  unsigned groups_ = 0;
};

}  // namespace sekisho::rules::match::testing
