// Pattern sets out of strings, and their answers as one, for the tests of rules/match.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/match/pattern_set.h"

namespace sekisho::rules::match::testing {

// "PATTERN" or "PATTERN/FLAGS".
[[nodiscard]] Regex regex_of(std::string_view pattern);
[[nodiscard]] std::vector<Regex> regexes_of(const std::vector<std::string>& patterns);
[[nodiscard]] std::vector<const Regex*> pointers(const std::vector<Regex>& regexes);
[[nodiscard]] std::unique_ptr<const PatternSet> set_of(const std::vector<std::string>& patterns,
                                                       const Options& options = {});
// One letter for each pattern: y, N or f.
[[nodiscard]] std::string answers(const PatternSet& set, std::string_view text);

}  // namespace sekisho::rules::match::testing
