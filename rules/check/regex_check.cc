// What is said about a pattern before it sees a mail: that it is wrong, can never match, matches
// everything, or takes too long on a text that a bounded search finds.
#include <algorithm>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"
#include "rules/check/regex_shape.h"

namespace sekisho::rules {
namespace {

bool is_modelled(std::string_view pattern) {
  for (std::size_t at = pattern.find("(?"); at != std::string_view::npos;
       at = pattern.find("(?", at + 1)) {
    const char c = at + 2 < pattern.size() ? pattern[at + 2] : ' ';
    if (is_alpha(c) || c == '(' || c == '^' || c == '-' || c == '&' || c == '+' || is_digit(c)) {
      return false;
    }
  }
  return pattern.find("\\Q") == std::string_view::npos &&
         pattern.find("(*") == std::string_view::npos;
}

enum class Trouble : std::uint8_t { none, long_text, short_text };

// The worst that was found by trying: `short_text` where a few dozen bytes reach the match limit.
Trouble search_bad_input(const Regex& regex, const Shape& shape) {
  // The last one has what PCRE2 looks for before it begins to search at all.
  const std::string endings[] = {"", "!", "\x01", "\n", "\x01" + sample(shape)};
  Trouble worst = Trouble::none;
  int tries = 0;
  for (const auto& attack : attacks(shape)) {
    for (const auto& pump : attack.pumps) {
      for (const std::size_t bytes : {40UL, 1900UL}) {
        std::string text = attack.prefix;
        while (text.size() < bytes) text += pump;
        for (const auto& ending : endings) {
          if (++tries > 256) return worst;
          if (regex.match(text + ending) != MatchResult::limit) continue;
          if (bytes < 100) return Trouble::short_text;
          worst = Trouble::long_text;
        }
        if (worst != Trouble::none) break;
      }
    }
  }
  return worst;
}

}  // namespace

std::optional<std::size_t> Checker::regex(const ast::Regex& source, bool lower_case_text) {
  auto compiled = Regex::compile(source.pattern, source.flags);
  if (!compiled) {
    Span place = source.span;
    place.begin =
        std::min(place.end, place.begin + 1 + static_cast<std::uint32_t>(compiled.error().offset));
    place.end = std::min(place.end, place.begin + 1);
    if (place.end == place.begin) place.begin = place.end - 1;
    error(place, fmt::format("this pattern is wrong: {}", compiled.error().text));
    return std::nullopt;
  }
  judge(*compiled, source.span, lower_case_text);
  // The same twice is one, by which conditions that say the same are known.
  for (std::size_t i = 0; i < out_.regexes.size(); ++i) {
    const Regex& had = out_.regexes[i];
    if (had.pattern() == source.pattern && had.flags() == source.flags) return i;
  }
  out_.regexes.push_back(std::move(*compiled));
  return out_.regexes.size() - 1;
}

void Checker::judge(const Regex& regex, Span span, bool lower_case_text) {
  if (regex.pattern().empty()) {
    error(span, "this pattern is empty", "it would match everything");
    return;
  }
  const Shape shape = read_shape(regex.pattern(), regex.has('x'));
  if (is_modelled(regex.pattern()) && never_matches(shape, regex.has('m'))) {
    diagnostics_.warning(span, "this pattern can never match",
                         "look for ^ or $ in the middle, or \\b between two letters");
    return;
  }
  if (regex.matches_nothing_in("") && regex.matches_nothing_in("\x01 \x02")) {
    diagnostics_.warning(span, "this pattern matches every text, also the empty one",
                         "something in it should not be optional");
    return;
  }
  const bool upper =
      std::ranges::any_of(regex.pattern(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (lower_case_text && upper && !regex.has('i') &&
      regex.pattern().find_first_of("\\[(") == std::string::npos) {
    diagnostics_.warning(span, "this pattern can never match: the value is in lower case",
                         "write it in lower case, or put an i behind the last /");
  }
  switch (search_bad_input(regex, shape)) {
    case Trouble::none:
      break;
    case Trouble::short_text:
      diagnostics_.warning(span,
                           "this pattern explodes: a text of 40 bytes takes it to the match limit",
                           "exponential time, or nearly; the rule fails there; avoid one "
                           "repetition in another");
      break;
    case Trouble::long_text:
      diagnostics_.warning(span, "this pattern reaches the match limit on long texts",
                           "the rule fails there; bound what is repeated, as in {0,50}");
      break;
  }
}

}  // namespace sekisho::rules
