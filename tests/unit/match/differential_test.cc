// What an accelerated set answers against PCRE2 alone, over patterns and texts at random. 10^5
// pairs in the normal run; SEKISHO_MATCH_PAIRS=10000000 for as many as one likes.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "rules/match/hyperscan.h"
#include "tests/unit/match/random_patterns.h"
#include "tests/unit/match/support.h"

namespace sekisho::rules::match::testing {
namespace {

constexpr std::size_t kPatterns = 25;
constexpr std::size_t kTexts = 40;

std::size_t wanted_pairs() {
  const char* set = std::getenv("SEKISHO_MATCH_PAIRS");
  return set == nullptr ? 100'000 : std::strtoull(set, nullptr, 10);
}

struct Counts {
  std::size_t pairs = 0;
  std::size_t matches = 0;
  std::size_t failures = 0;
  std::size_t without_literals = 0;
  std::size_t exact = 0;
  std::size_t wider = 0;
  std::size_t patterns = 0;
};

std::string readable(std::string_view text) { return ::testing::PrintToString(std::string(text)); }

void compare(std::uint64_t seed, const Options& options, Counts& counts) {
  RandomPatterns random(seed);
  std::vector<Regex> regexes;
  for (std::size_t i = 0; i < kPatterns; ++i) regexes.push_back(random.pattern());
  const auto plain = PatternSet::build(pointers(regexes), {.by = Accelerate::none});
  std::string alarm;
  auto own = options;
  own.guard = std::make_shared<Guard>([&](const Alarm& raised) { alarm = raised.pattern; });
  const auto fast = PatternSet::build(pointers(regexes), own);
  EXPECT_EQ(alarm, "") << "lost its sample; seed " << seed;
  if (options.by == Accelerate::compiled) {
    EXPECT_EQ(fast->accelerator(), AcceleratorKind::hyperscan) << fast->report().why_not;
  }
  counts.patterns += regexes.size();
  counts.exact += fast->report().exact;
  counts.wider += fast->report().wider;
  counts.without_literals += fast->report().without_literals;
  for (std::size_t t = 0; t < kTexts; ++t) {
    const auto text = random.text(regexes);
    const auto truth = answers(*plain, text);
    const auto said = answers(*fast, text);
    for (std::size_t i = 0; i < kPatterns; ++i) {
      ++counts.pairs;
      counts.matches += truth[i] == 'y' ? 1 : 0;
      counts.failures += truth[i] == 'f' ? 1 : 0;
      if (truth[i] == 'f' && said[i] == 'N') continue;
      ASSERT_EQ(said[i], truth[i])
          << readable(regexes[i].pattern()) << " flags " << regexes[i].flags() << " over "
          << readable(text) << "; seed " << seed;
    }
  }
}

void compare_all(const Options& options) {
  Counts counts;
  for (std::uint64_t seed = 1; counts.pairs < wanted_pairs(); ++seed) {
    compare(seed, options, counts);
    if (::testing::Test::HasFailure()) return;
  }
  ::testing::Test::RecordProperty("pairs", static_cast<int>(counts.pairs));
  std::printf(
      "%zu pairs, %zu matches, %zu at a limit; of %zu patterns %zu without literals, "
      "%zu exactly and %zu roughly by Hyperscan\n",
      counts.pairs, counts.matches, counts.failures, counts.patterns, counts.without_literals,
      counts.exact, counts.wider);
  EXPECT_GT(counts.matches, counts.pairs / 50) << "the texts meet too few patterns to show much";
}

TEST(TheLiteralFilter, ChangesNoAnswer) {
  compare_all({.by = Accelerate::literals, .recheck_one_in = 0});
}

TEST(Hyperscan, ChangesNoAnswer) {
  if (!HyperscanDatabase::available()) GTEST_SKIP() << HyperscanDatabase::available().error().text;
  compare_all({.by = Accelerate::compiled, .recheck_one_in = 0});
}

}  // namespace
}  // namespace sekisho::rules::match::testing
