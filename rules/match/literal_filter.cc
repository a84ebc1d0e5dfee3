#include "rules/match/literal_filter.h"

#include "rules/match/literal_reader.h"
#include "rules/match/scratch_parts.h"

namespace sekisho::rules::match {
namespace {

// Met more often than once in 128 bytes, a literal saves nothing in a mail.
constexpr double kRareEnough = 7;
// The same of a pattern's second and third.
constexpr double kRareBesides = 12;

// More bytes of a literal make fewer false candidates, but the table of many grows out of the
// processor's caches.
std::size_t length_for(std::size_t patterns) { return patterns > 50'000 ? 5 : 8; }

}  // namespace

LiteralFilter::LiteralFilter(std::span<const Regex* const> regexes,
                             std::span<const std::uint32_t> numbers) {
  std::vector<LiteralAutomaton::Entry> entries;
  for (const std::uint32_t number : numbers) {
    auto sets = required_literals(*regexes[number]);
    while (!sets.empty() && rarity(sets.back()) < (sets.size() > 1 ? kRareBesides : kRareEnough)) {
      sets.pop_back();
    }
    if (sets.empty()) always_.push_back(number);
    for (std::size_t i = 0; i < sets.size(); ++i) {
      for (auto& literal : cut(sets[i], length_for(numbers.size()))) {
        entries.push_back(
            {.literal = std::move(literal), .number = static_cast<std::uint32_t>(sets_.size())});
      }
      sets_.push_back({.pattern = number,
                       .behind = static_cast<std::uint32_t>(sets.size() - 1 - i),
                       .first = i == 0});
    }
  }
  automaton_ = LiteralAutomaton(entries);
}

bool LiteralFilter::propose(std::string_view text, Scratch& scratch, Candidates& candidates) const {
  for (const std::uint32_t number : always_) candidates.add(number);
  auto& found = scratch.parts().sets;
  found.begin(sets_.size());
  automaton_.search(text, scratch.parts().places, found);
  for (const std::uint32_t at : found.all()) {
    if (!sets_[at].first) continue;
    bool every = true;
    for (std::uint32_t i = 1; i <= sets_[at].behind; ++i) every = every && found.has(at + i);
    if (every) candidates.add(sets_[at].pattern);
  }
  return true;
}

}  // namespace sekisho::rules::match
