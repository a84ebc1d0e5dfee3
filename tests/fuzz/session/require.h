// require(): an oracle of a fuzz target. What does not hold ends the program with its name, which
// libFuzzer keeps together with the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace sekisho::fuzz {

inline void require(bool holds, std::string_view what, std::string_view seen = {}) {
  if (holds) return;
  const std::string text = std::string(what) + ": " + std::string(seen) + "\n";
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  std::abort();
}

}  // namespace sekisho::fuzz
