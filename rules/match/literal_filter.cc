#include "rules/match/literal_filter.h"

#include "rules/match/literal_reader.h"
#include "rules/match/scratch_parts.h"

namespace sekisho::rules::match {
namespace {

// Met more often than once in 128 bytes, a literal saves nothing in a mail.
constexpr double kRareEnough = 7;

// More bytes of a literal make fewer false candidates, but the table of many grows out of the
// processor's caches.
std::size_t length_for(std::size_t patterns) { return patterns > 50'000 ? 5 : 8; }

}  // namespace

LiteralFilter::LiteralFilter(std::span<const Regex* const> regexes,
                             std::span<const std::uint32_t> numbers) {
  std::vector<LiteralAutomaton::Entry> entries;
  for (const std::uint32_t number : numbers) {
    const auto set = required_literals(*regexes[number]);
    if (rarity(set) < kRareEnough) {
      always_.push_back(number);
      continue;
    }
    for (auto& literal : cut(set, length_for(numbers.size()))) {
      entries.push_back({.literal = std::move(literal), .number = number});
    }
  }
  automaton_ = LiteralAutomaton(entries);
}

bool LiteralFilter::propose(std::string_view text, Scratch& scratch, Candidates& candidates) const {
  for (const std::uint32_t number : always_) candidates.add(number);
  automaton_.search(text, scratch.parts().places, candidates);
  return true;
}

}  // namespace sekisho::rules::match
