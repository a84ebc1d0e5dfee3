#include "rules/match/literal_set.h"

#include <algorithm>
#include <cmath>

namespace sekisho::rules::match {
namespace {

constexpr std::size_t kMaxWhole = 24;     // strings that a piece may take
constexpr std::size_t kMaxSets = 3;       // of literals that are all required
constexpr std::size_t kMaxRequired = 64;  // literals of a pattern
constexpr std::size_t kMaxString = 64;    // bytes that are kept together
constexpr std::size_t kMaxUnrolled = 4;   // times a repeated piece is written out

// Of mail text, roughly; it only has to order what a pattern offers.
double bits(char c) {
  if (c == ' ' || c == 'e') return 3;
  if (std::string_view("taoinsrhl").find(c) != std::string_view::npos) return 4;
  if (std::string_view("dcumfpgwy\n").find(c) != std::string_view::npos) return 5;
  if (std::string_view("bvk.,\r0123456789-=/").find(c) != std::string_view::npos) return 6.5;
  return 8;
}

double rarity_of(std::string_view text) {
  double sum = 0;
  for (const char c : text) sum += bits(c);
  return sum;
}

void tidy(LiteralSet& set) {
  std::ranges::sort(set);
  set.erase(std::unique(set.begin(), set.end()), set.end());
}

// Adds a set to the rarest ones, which stand in order.
void keep(LiteralSets& sets, const LiteralSet& set) {
  if (rarity(set) <= 0 || std::ranges::find(sets, set) != sets.end()) return;
  const auto rarer = [&](const LiteralSet& other) { return rarity(other) >= rarity(set); };
  sets.insert(std::ranges::find_if_not(sets, rarer), set);
  if (sets.size() > kMaxSets) sets.pop_back();
}

}  // namespace

double rarity(const LiteralSet& set) {
  if (set.empty()) return 0;
  double least = rarity_of(set.front());
  for (const auto& text : set) least = std::min(least, rarity_of(text));
  return least <= 0 ? 0 : std::max(0.0, least - std::log2(static_cast<double>(set.size())));
}

LiteralSet cut(const LiteralSet& set, std::size_t length) {
  LiteralSet all;
  for (const auto& text : set) {
    std::string_view rarest = std::string_view(text).substr(0, length);
    for (std::size_t at = 1; at + length <= text.size(); ++at) {
      const auto window = std::string_view(text).substr(at, length);
      if (rarity_of(window) > rarity_of(rarest)) rarest = window;
    }
    all.emplace_back(rarest);
  }
  tidy(all);
  return all;
}

LiteralSets Known::all() const {
  LiteralSets sets = required;
  if (whole) keep(sets, strings);
  return sets;
}

void KnownSequence::add(const Known& next) {
  for (const auto& set : next.required) keep(required_, set);
  if (!next.whole) {
    keep(required_, run_);
    run_ = {""};
    whole_ = false;
    return;
  }
  LiteralSet product;
  bool fits = run_.size() * next.strings.size() <= kMaxWhole;
  for (const auto& head : run_) {
    for (const auto& tail : next.strings) {
      fits = fits && head.size() + tail.size() <= kMaxString;
      if (fits) product.push_back(head + tail);
    }
  }
  if (fits) {
    tidy(product);
    run_ = std::move(product);
    return;
  }
  keep(required_, run_);
  run_ = next.strings;
  whole_ = false;
}

void KnownSequence::add(const Known& next, std::size_t min, std::size_t max) {
  if (max == 0) return;
  if (min == 0 && (max > 1 || !next.whole)) {
    add(Known::gap());
  } else if (min == 0) {
    Known maybe{.whole = true, .strings = next.strings, .required = {}};
    maybe.strings.emplace_back();
    tidy(maybe.strings);
    add(maybe);
  } else {
    for (std::size_t i = 0; i < std::min(min, kMaxUnrolled); ++i) add(next);
    if (max > min || min > kMaxUnrolled) add(Known::gap());
  }
}

Known KnownSequence::finish() {
  if (whole_) return {.whole = true, .strings = std::move(run_), .required = std::move(required_)};
  keep(required_, run_);
  return {.whole = false, .strings = {}, .required = std::move(required_)};
}

Known one_of(const std::vector<Known>& branches) {
  if (branches.size() == 1) return branches.front();
  Known all{.whole = true, .strings = {}, .required = {}};
  LiteralSet either;
  bool every = true;
  for (const auto& branch : branches) {
    all.whole = all.whole && branch.whole;
    if (all.whole)
      all.strings.insert(all.strings.end(), branch.strings.begin(), branch.strings.end());
    const auto sets = branch.all();
    every = every && !sets.empty();
    if (every) either.insert(either.end(), sets[0].begin(), sets[0].end());
  }
  tidy(all.strings);
  tidy(either);
  all.whole = all.whole && all.strings.size() <= kMaxWhole;
  if (!all.whole) all.strings.clear();
  if (!all.whole && every && either.size() <= kMaxRequired) keep(all.required, either);
  return all;
}

Known repeated(const Known& piece, std::size_t min, std::size_t max) {
  KnownSequence sequence;
  sequence.add(piece, min, max);
  return sequence.finish();
}

}  // namespace sekisho::rules::match
