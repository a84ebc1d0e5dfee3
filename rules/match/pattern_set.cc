#include "rules/match/pattern_set.h"

#include <stdexcept>
#include <utility>

#include "rules/match/matcher.h"
#include "rules/match/scratch_parts.h"

namespace sekisho::rules::match {

struct PatternSet::Inside {
  std::vector<Matcher> matchers;
  Report report;
};

PatternSet::PatternSet(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
PatternSet::~PatternSet() = default;

std::unique_ptr<const PatternSet> PatternSet::build(std::span<const Regex* const> regexes,
                                                    const Options& options) {
  auto inside = std::make_unique<Inside>();
  inside->matchers.reserve(regexes.size());
  for (const Regex* regex : regexes) {
    const auto& made = inside->matchers.emplace_back(*regex, options.jit);
    if (!made.has_jit()) ++inside->report.interpreted;
  }
  inside->report.patterns = regexes.size();
  return std::unique_ptr<const PatternSet>(new PatternSet(std::move(inside)));
}

std::size_t PatternSet::size() const { return inside_->matchers.size(); }
const Report& PatternSet::report() const { return inside_->report; }

void PatternSet::match(std::string_view text, std::span<Answer> answers, Scratch& scratch) const {
  if (answers.size() != size()) throw std::logic_error("one answer for each pattern");
  auto& memory = scratch.parts().memory;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    answers[i] = inside_->matchers[i].match(text, memory);
  }
}

Found PatternSet::find(std::size_t index, std::string_view text, Scratch& scratch) const {
  return inside_->matchers.at(index).find(text, scratch.parts().memory);
}

}  // namespace sekisho::rules::match
