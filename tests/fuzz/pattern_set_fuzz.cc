// One to four patterns (lines "FLAGS PATTERN", up to an empty line) over the text that follows.
// Oracles: literals and Hyperscan change no answer of PCRE2's; a pattern's first match lies in the
// text; whatever is guarded raises no alarm.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/match/pattern_set.h"

namespace {

using namespace sekisho::rules;
using namespace sekisho::rules::match;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view line_of(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<Regex> regexes;
  while (regexes.size() < 4 && !rest.empty()) {
    const auto line = line_of(rest);
    const auto blank = line.find(' ');
    if (line.empty() || blank == std::string_view::npos) break;
    auto regex = Regex::compile(line.substr(blank + 1), line.substr(0, blank));
    // What repeats a lot takes Hyperscan seconds to compile, which is known.
    const bool heavy = line.find('{') != std::string_view::npos && line.size() > 60;
    if (regex && !heavy) regexes.push_back(std::move(*regex));
  }
  if (regexes.empty()) return 0;
  std::vector<const Regex*> pointers;
  for (const auto& regex : regexes) pointers.push_back(&regex);

  // Not machine code: a sanitizer sees into the interpreter only.
  const auto guard = std::make_shared<Guard>([](const Alarm&) { std::abort(); });
  Scratch scratch;
  std::vector<Answer> truth(regexes.size());
  const auto plain = PatternSet::build(pointers, {.by = Accelerate::none, .jit = false});
  plain->match(rest, truth, scratch);
  for (const auto by : {Accelerate::literals, Accelerate::compiled}) {
    const auto set =
        PatternSet::build(pointers, {.by = by, .jit = false, .recheck_one_in = 1, .guard = guard});
    std::vector<Answer> said(regexes.size());
    set->match(rest, said, scratch);
    for (std::size_t i = 0; i < said.size(); ++i) {
      require(said[i] == truth[i] || (truth[i] == Answer::failed && said[i] == Answer::no));
      const auto found = set->find(i, rest, scratch);
      require(found.answer == truth[i]);
      require(found.offset <= rest.size() && found.length <= rest.size() - found.offset);
    }
  }
  return 0;
}
