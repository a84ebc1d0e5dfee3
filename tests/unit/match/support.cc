#include "tests/unit/match/support.h"

#include <stdexcept>

namespace sekisho::rules::match::testing {

Regex regex_of(std::string_view pattern) {
  const auto slash = pattern.rfind('/');
  const bool flagged = slash != std::string_view::npos;
  auto regex = Regex::compile(pattern.substr(0, slash),
                              flagged ? pattern.substr(slash + 1) : std::string_view());
  if (!regex) throw std::invalid_argument(std::string(pattern) + ": " + regex.error().text);
  return *regex;
}

std::vector<Regex> regexes_of(const std::vector<std::string>& patterns) {
  std::vector<Regex> regexes;
  for (const auto& pattern : patterns) regexes.push_back(regex_of(pattern));
  return regexes;
}

std::vector<const Regex*> pointers(const std::vector<Regex>& regexes) {
  std::vector<const Regex*> all;
  for (const auto& regex : regexes) all.push_back(&regex);
  return all;
}

std::unique_ptr<const PatternSet> set_of(const std::vector<std::string>& patterns,
                                         const Options& options) {
  const auto regexes = regexes_of(patterns);
  return PatternSet::build(pointers(regexes), options);
}

std::string answers(const PatternSet& set, std::string_view text) {
  Scratch scratch;
  std::vector<Answer> all(set.size());
  set.match(text, all, scratch);
  std::string letters;
  for (const auto answer : all)
    letters += answer == Answer::yes ? 'y' : answer == Answer::no ? 'N' : 'f';
  return letters;
}

}  // namespace sekisho::rules::match::testing
