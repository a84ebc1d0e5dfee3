#include "rules/match/self_test.h"

#include <algorithm>
#include <array>

#include "rules/check/regex_shape.h"
#include "rules/match/scratch_parts.h"

namespace sekisho::rules::match {
namespace {

constexpr std::size_t kVariants = 6;
constexpr std::size_t kCompany = 40;  // samples in one text
constexpr std::string_view kBetween = " \n- -\n ";

// Places in which a sample may stand that needs a boundary, a line or the text for itself.
std::array<std::string, 4> settings_of(const std::string& sample) {
  return {sample, " " + sample + " ", "x" + sample + "x", "\n" + sample + "\n"};
}

std::optional<std::string> sample_of(const Regex& regex, const Matcher& matcher,
                                     MatchMemory& memory) {
  const Shape shape = read_shape(regex.pattern(), regex.has('x'));
  for (std::size_t variant = 0; variant < kVariants; ++variant) {
    for (auto& text : settings_of(sample(shape, variant))) {
      if (matcher.match(text, memory) == Answer::yes) return std::move(text);
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Sample> samples_of(std::span<const Regex* const> regexes,
                               std::span<const Matcher> matchers, Scratch& scratch) {
  std::vector<Sample> samples;
  for (std::uint32_t number = 0; number < regexes.size(); ++number) {
    auto text = sample_of(*regexes[number], matchers[number], scratch.parts().memory);
    if (text) samples.push_back({.number = number, .text = std::move(*text)});
  }
  return samples;
}

std::optional<std::uint32_t> lost_by(const Accelerator& accelerator,
                                     std::span<const Sample> samples,
                                     std::span<const Matcher> matchers, Scratch& scratch) {
  Candidates found;
  for (const auto& sample : samples) {
    found.begin(matchers.size());
    if (accelerator.propose(sample.text, scratch, found) && !found.has(sample.number)) {
      return sample.number;
    }
  }
  for (std::size_t begin = 0; begin < samples.size(); begin += kCompany) {
    const auto some = samples.subspan(begin, std::min(kCompany, samples.size() - begin));
    std::string all;
    for (const auto& sample : some) all.append(kBetween).append(sample.text);
    found.begin(matchers.size());
    if (!accelerator.propose(all, scratch, found)) continue;
    for (const auto& sample : some) {
      if (!found.has(sample.number) &&
          matchers[sample.number].match(all, scratch.parts().memory) == Answer::yes) {
        return sample.number;
      }
    }
  }
  return std::nullopt;
}

}  // namespace sekisho::rules::match
