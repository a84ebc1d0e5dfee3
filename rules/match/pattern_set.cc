#include "rules/match/pattern_set.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "rules/match/database_source.h"
#include "rules/match/hyperscan.h"
#include "rules/match/literal_filter.h"
#include "rules/match/matcher.h"
#include "rules/match/scratch_parts.h"
#include "rules/match/self_test.h"

namespace sekisho::rules::match {
namespace {

// Bytes times patterns that a recheck reads at most, some 50 ms: of a long text and many patterns
// it takes a few patterns at random.
constexpr std::size_t kRecheckBytes = 64UL * 1024 * 1024;
constexpr std::size_t kRecheckBytesInterpreted = kRecheckBytes / 8;

// A number that looks like any other, of the n-th text (SplitMix64).
std::uint64_t mixed(std::uint64_t seed, std::uint64_t n) {
  std::uint64_t z = seed + (n + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

}  // namespace

struct PatternSet::Inside {
  std::vector<Matcher> matchers;
  std::vector<std::string> patterns;                             // for alarms
  std::vector<std::unique_ptr<const Accelerator>> accelerators;  // the best one first
  std::shared_ptr<Guard> guard;
  std::uint32_t recheck_one_in = 0;
  std::uint64_t recheck_seed = 0;
  std::atomic<std::uint64_t> texts = 0;
  Report report;

  [[nodiscard]] const Accelerator* in_force() const {
    for (const auto& one : accelerators) {
      if (guard->trusts(one->kind())) return one.get();
    }
    return nullptr;
  }

  // Adds what passes its self-test.
  void add(std::unique_ptr<const Accelerator> accelerator, std::span<const Sample> samples,
           Scratch& scratch) {
    if (!guard->trusts(accelerator->kind())) return;
    const auto lost = lost_by(*accelerator, samples, matchers, scratch);
    if (lost) {
      guard->differs({accelerator->kind(), patterns[*lost], true});
    } else {
      accelerators.push_back(std::move(accelerator));
    }
  }

  void add_hyperscan(std::span<const Regex* const> regexes, const Options& options,
                     std::span<const Sample> samples, Scratch& scratch) {
    if (regexes.empty() || !guard->trusts(AcceleratorKind::hyperscan)) return;
    auto database = cached_database(regexes, options.cache);
    if (!database && options.by == Accelerate::compiled) {
      database = made_database(regexes, options.cache);
    }
    if (!database) {
      report.why_not = database.error().text;
      return;
    }
    const auto count = [&](HyperscanDatabase::Form form) {
      return static_cast<std::size_t>(std::ranges::count(database->forms(), form));
    };
    report.exact = count(HyperscanDatabase::Form::exact);
    report.wider = count(HyperscanDatabase::Form::wider);
    report.left_out = count(HyperscanDatabase::Form::none);
    add(std::make_unique<HyperscanFilter>(std::move(*database), regexes), samples, scratch);
  }

  void recheck(const Accelerator& accelerator, std::string_view text, std::span<Answer> answers,
               std::uint64_t random, MatchMemory& memory) const {
    const auto bytes = report.interpreted == 0 ? kRecheckBytes : kRecheckBytesInterpreted;
    const auto many = std::clamp<std::size_t>(bytes / (text.size() + 1), 1, answers.size());
    for (std::size_t i = 0; i < many; ++i) {
      const std::size_t number = (random + i) % answers.size();
      if (answers[number] != Answer::no || matchers[number].match(text, memory) != Answer::yes)
        continue;
      answers[number] = Answer::yes;
      guard->differs({accelerator.kind(), patterns[number], false});
    }
  }
};

PatternSet::PatternSet(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
PatternSet::~PatternSet() = default;

std::unique_ptr<const PatternSet> PatternSet::build(std::span<const Regex* const> regexes,
                                                    const Options& options) {
  return build_with(nullptr, regexes, options);
}

std::unique_ptr<const PatternSet> PatternSet::build_with(std::unique_ptr<const Accelerator> first,
                                                         std::span<const Regex* const> regexes,
                                                         const Options& options) {
  auto inside = std::make_unique<Inside>();
  inside->report.patterns = regexes.size();
  inside->guard = options.guard ? options.guard : Guard::of_process();
  inside->recheck_one_in = options.recheck_one_in;
  inside->recheck_seed = options.recheck_seed;
  inside->matchers.reserve(regexes.size());
  for (const Regex* regex : regexes) {
    const auto& made = inside->matchers.emplace_back(*regex, options.jit);
    if (!made.has_jit()) ++inside->report.interpreted;
    inside->patterns.push_back(regex->pattern());
  }
  if (!first && options.by == Accelerate::none) {
    return std::unique_ptr<const PatternSet>(new PatternSet(std::move(inside)));
  }
  Scratch scratch;
  const auto samples = samples_of(regexes, inside->matchers, scratch);
  inside->report.without_sample = regexes.size() - samples.size();
  if (first) inside->add(std::move(first), samples, scratch);
  if (options.by == Accelerate::cached || options.by == Accelerate::compiled) {
    inside->add_hyperscan(regexes, options, samples, scratch);
  }
  if (options.by != Accelerate::none) {
    std::vector<std::uint32_t> numbers(regexes.size());
    std::iota(numbers.begin(), numbers.end(), 0U);
    auto literals = std::make_unique<LiteralFilter>(regexes, numbers);
    inside->report.without_literals = literals->always();
    inside->add(std::move(literals), samples, scratch);
  }
  return std::unique_ptr<const PatternSet>(new PatternSet(std::move(inside)));
}

std::size_t PatternSet::size() const { return inside_->matchers.size(); }
const Report& PatternSet::report() const { return inside_->report; }

std::optional<AcceleratorKind> PatternSet::accelerator() const {
  const auto* accelerator = inside_->in_force();
  return accelerator == nullptr ? std::nullopt : std::optional(accelerator->kind());
}

void PatternSet::match(std::string_view text, std::span<Answer> answers, Scratch& scratch) const {
  if (answers.size() != size()) throw std::logic_error("one answer for each pattern");
  if (answers.empty()) return;
  auto& memory = scratch.parts().memory;
  const auto& matchers = inside_->matchers;
  const Accelerator* accelerator = inside_->in_force();
  auto& candidates = scratch.parts().candidates;
  candidates.begin(size());
  if (accelerator == nullptr || !accelerator->propose(text, scratch, candidates)) {
    for (std::size_t i = 0; i < answers.size(); ++i) answers[i] = matchers[i].match(text, memory);
    return;
  }
  std::ranges::fill(answers, Answer::no);
  for (const std::uint32_t i : candidates.all()) answers[i] = matchers[i].match(text, memory);
  if (inside_->recheck_one_in == 0) return;
  const auto random = mixed(inside_->recheck_seed, inside_->texts.fetch_add(1));
  if (random % inside_->recheck_one_in == 0) {
    inside_->recheck(*accelerator, text, answers, random / inside_->recheck_one_in, memory);
  }
}

Found PatternSet::find(std::size_t index, std::string_view text, Scratch& scratch) const {
  return inside_->matchers.at(index).find(text, scratch.parts().memory);
}

}  // namespace sekisho::rules::match
