// Many content patterns over one text mail of 50 KB, by the CPU time of this thread: PCRE2's
// machine code one pattern after the other, literals in front of it, Hyperscan in front of it; in
// turns in one run. Prints the medians, the ratios, and what building took.
//   content_patterns [PATTERNS …]      (10 1000 10000)
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "rules/match/pattern_set.h"

namespace {

using namespace sekisho::rules;
using namespace sekisho::rules::match;

constexpr std::size_t kBytes = 50'000;
constexpr int kRounds = 5;

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

class Random {
 public:
  std::size_t below(std::size_t bound) {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::size_t>(state_ >> 11U) % bound;
  }

 private:
  std::uint64_t state_ = 20261124;
};

// Words of two to four syllables; those with low numbers are met often, as in a language.
class Words {
 public:
  explicit Words(Random& random) : random_(random) {
    constexpr std::array<std::string_view, 32> kSyllables = {
        "the", "an", "in", "er", "re", "at",  "on",  "ti", "es", "en", "or",
        "te",  "is", "ar", "al", "ly", "con", "pro", "st", "ou", "me", "de",
        "co",  "ri", "ne", "ve", "ma", "ing", "ta",  "si", "un", "ca"};
    for (int i = 0; i < 4000; ++i) {
      std::string word;
      for (auto n = 1 + random_.below(3) + (i > 200 ? 1U : 0U); n > 0; --n) {
        word += kSyllables[random_.below(kSyllables.size())];
      }
      all_.push_back(word);
    }
  }
  const std::string& common() { return all_[std::min(random_.below(1500), random_.below(1500))]; }
  const std::string& any() { return all_[random_.below(all_.size())]; }
  // Not in the mail but by chance, as most of what rules look for.
  const std::string& rare() {
    while (true) {
      const auto& word = all_[1500 + random_.below(all_.size() - 1500)];
      if (word.size() >= 7) return word;
    }
  }

 private:
  Random& random_;
  std::vector<std::string> all_;
};

// A third of them can't be expressed without looking around or back.
std::string pattern(Words& words, Random& random) {
  const auto& one = random.below(10) == 0 ? words.any() : words.rare();
  const auto& two = words.any();
  if (random.below(30) == 0) return "\\b(" + one + "|" + words.rare() + ")\\W+\\1\\b";
  switch (random.below(9)) {
    case 0:
    case 1:
      return "\\b" + one + "\\s+" + two + "\\b";
    case 2:
      return one + " (?:" + words.any() + "|" + words.any() + ") " + two;
    case 3:
      return "https?://[^/\\s]{1,60}" + one + two;
    case 4:
      return one + ".{0,20}" + two + "[!?]";
    case 5:
      return "\\b" + one.substr(0, 2) + "[a4@]" + two + "s?\\b";
    case 6:
      return "(?<!" + one.substr(0, 2) + ")" + one + two + "(?!" + two.substr(0, 2) + ")";
    case 7:
      return "\\b" + one + "(?=\\W+" + two + ")";
    default:
      return "\\b(?!un)" + one + "\\W+" + two;
  }
}

std::string mail(Words& words, Random& random) {
  std::string text;
  std::size_t line = 0;
  while (text.size() < kBytes) {
    text += words.common();
    const bool ends = text.size() - line > 66;
    text += ends ? "\n" : random.below(12) == 0 ? ", " : random.below(20) == 0 ? ". " : " ";
    if (ends) line = text.size();
  }
  return text;
}

struct Way {
  std::string_view name;
  Accelerate by;
  std::unique_ptr<const PatternSet> set;
  double build_ms = 0;
  std::vector<double> times;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::size_t run(Way& way, std::string_view text, Scratch& scratch) {
  std::vector<Answer> answers(way.set->size());
  const int times = way.by == Accelerate::none ? (way.set->size() > 100 ? 1 : 20) : 10;
  const double start = cpu_ms();
  for (int i = 0; i < times; ++i) way.set->match(text, answers, scratch);
  way.times.push_back((cpu_ms() - start) / times);
  return static_cast<std::size_t>(std::ranges::count(answers, Answer::yes));
}

void measure(std::size_t patterns) {
  Random random;
  Words words(random);
  std::vector<Regex> regexes;
  while (regexes.size() < patterns) {
    auto regex = Regex::compile(pattern(words, random), "i");
    if (regex) regexes.push_back(std::move(*regex));
  }
  const std::string text = mail(words, random);
  std::vector<const Regex*> pointers;
  for (const auto& regex : regexes) pointers.push_back(&regex);

  std::array<Way, 3> ways = {Way{"PCRE2 one by one", Accelerate::none, {}, 0, {}},
                             Way{"literals", Accelerate::literals, {}, 0, {}},
                             Way{"Hyperscan", Accelerate::compiled, {}, 0, {}}};
  for (auto& way : ways) {
    const double start = cpu_ms();
    way.set = PatternSet::build(pointers, {.by = way.by, .recheck_one_in = 0});
    way.build_ms = cpu_ms() - start;
  }
  Scratch scratch;
  for (int round = 0; round < kRounds; ++round) {
    std::size_t expected = 0;
    for (auto& way : ways) {
      const std::size_t matched = run(way, text, scratch);
      if (&way == ways.data()) expected = matched;
      if (matched != expected) {
        std::fprintf(stderr, "content_patterns: the answers differ\n");
        std::exit(1);
      }
      if (round == 0 && &way == ways.data()) {
        std::printf("%zu patterns, %zu of them match\n", patterns, matched);
      }
    }
  }
  const double plain = median(ways[0].times);
  for (const auto& way : ways) {
    const auto& report = way.set->report();
    std::printf("  %-16s %8.3f ms/message  ratio %7.4f  built in %6.0f ms", way.name.data(),
                median(way.times), median(way.times) / plain, way.build_ms);
    if (way.by == Accelerate::literals) std::printf("  %zu without", report.without_literals);
    if (way.by == Accelerate::compiled) {
      std::printf("  %zu exact, %zu wider, %zu left out %s", report.exact, report.wider,
                  report.left_out, report.why_not.c_str());
    }
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {10, 1000, 10'000};
  for (const auto size : sizes) measure(size);
  return 0;
}
