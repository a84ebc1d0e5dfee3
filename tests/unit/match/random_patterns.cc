#include "tests/unit/match/random_patterns.h"

#include "rules/check/regex_shape.h"

namespace sekisho::rules::match::testing {
namespace {

const std::vector<std::string_view> kWords = {"ab", "foo",   "bar", "abc",      "cab",  "FOO",
                                              "12", "a b",   "--",  "x",        "http", "B",
                                              "c",  "click", "1a",  "\xc3\xa4", "k"};
const std::vector<std::string_view> kEscapes = {
    "\\d", "\\w", "\\s", "\\D",   "\\W",       "\\S",   "\\h", "\\v",  "\\R",   "\\N",
    "\\n", "\\t", "\\.", "\\x41", "\\x{62}",   "\\061", "\\H", "\\V",  "\\e",   "\\-",
    "\\/", "\\r", "\\f", "\\a",   "\\Qa.b\\E", "\\x0b", "\\x", "\\cK", "\\x85", "\\07"};
const std::vector<std::string_view> kPlaces = {"^",    "$",    "\\b",   "\\B",  "\\A",
                                               "\\z",  "\\Z",  "\\G",   "\\K",  "(?i)",
                                               "(?s)", "(?m)", "(?-i)", "(?#x)"};
const std::vector<std::string_view> kTimes = {"*",     "+",    "?",      "{2}",  "{0}", "{1,3}",
                                              "{2,}",  "*?",   "+?",     "??",   "*+",  "++",
                                              "{0,2}", "{,2}", "{0,1}?", "{3}+", "{1}", "{"};
const std::vector<std::string_view> kMembers = {
    "a",   "b-c",       "A-C",  "0-2",   "\\d", "\\s", "f",   "o",
    "-",   "[:alpha:]", "\\n",  "\\x61", "^",   "]",   "[",   "[:^digit:]",
    "\\-", "\\w",       "\xc3", " ",     ".",   "\\]", "\\b", "[:space:]"};
const std::vector<std::string_view> kTexts = {
    "a", "b", "c", "f",    "o",     "foo",      "bar",  "AB",   "1", "2", " ",    "\n",
    "-", ".", "x", "http", "click", "\xc3\xa4", "\r\n", "\x0b", "k", "K", "\x85", "_"};

}  // namespace

std::uint64_t RandomPatterns::below(std::uint64_t bound) {
  state_ ^= state_ << 13U;
  state_ ^= state_ >> 7U;
  state_ ^= state_ << 17U;
  return (state_ * 0x2545F4914F6CDD1DU >> 33U) % bound;
}

std::string RandomPatterns::choice(int depth) {
  std::string all = sequence(depth);
  while (once_in(4)) all += "|" + sequence(depth);
  return all;
}

std::string RandomPatterns::sequence(int depth) {
  std::string all;
  for (auto pieces = 1 + below(4); pieces > 0; --pieces) all += piece(depth);
  return all;
}

std::string RandomPatterns::piece(int depth) {
  std::string one = atom(depth);
  if (once_in(3)) one += any_of(kTimes);
  if (once_in(60)) one += " ";
  if (once_in(90)) one += "#c\n";
  return one;
}

std::string RandomPatterns::atom(int depth) {
  switch (below(12)) {
    case 0:
      return std::string(any_of(kEscapes));
    case 1:
      return std::string(any_of(kPlaces));
    case 2:
      return ".";
    case 3:
      return char_class();
    case 4:
      return depth < 4 && groups_ > 0 ? "\\" + std::to_string(1 + below(groups_)) : "a";
    case 5:
    case 6:
      return depth < 4 ? group(depth + 1) : "b";
    default:
      return std::string(any_of(kWords));
  }
}

std::string RandomPatterns::group(int depth) {
  static const std::vector<std::string_view> kOpenings = {
      "(",   "(",   "(?:",  "(?:",  "(?=",  "(?!",      "(?<=", "(?<!",
      "(?>", "(?|", "(?i:", "(?s:", "(?m:", "(?<name>", "(?x:", "(*pla:"};
  const auto opening = any_of(kOpenings);
  const bool captures = opening == "(" || opening == "(?<name>";
  std::string all = std::string(opening) + choice(depth) + ")";
  if (captures) ++groups_;
  if (once_in(40) && groups_ > 0) all += "(?(1)" + sequence(4) + "|" + sequence(4) + ")";
  if (once_in(40) && groups_ > 0) all += "(?1)";
  if (once_in(80)) all += any_of({"(*FAIL)", "(*ACCEPT)", "(*PRUNE)", "(*COMMIT)"});
  return all;
}

std::string RandomPatterns::char_class() {
  std::string all = once_in(4) ? "[^" : "[";
  for (auto members = 1 + below(3); members > 0; --members) all += any_of(kMembers);
  return all + "]";
}

std::string RandomPatterns::flags() {
  std::string all;
  for (const char flag : std::string_view("iism")) {
    if (once_in(4) && all.find(flag) == std::string::npos) all += flag;
  }
  if (once_in(8)) all += 'x';
  return all;
}

Regex RandomPatterns::pattern() {
  while (true) {
    groups_ = 0;
    auto regex = Regex::compile(choice(0), flags());
    if (regex) return *regex;
  }
}

std::string RandomPatterns::text(const std::vector<Regex>& near) {
  std::string all;
  // Now and then a long one, which accelerators take by other means than short ones.
  for (auto words = below(once_in(8) ? 600 : 24); words > 0; --words) {
    if (once_in(4) && !near.empty()) {
      const auto& regex = near[below(near.size())];
      all += sample(read_shape(regex.pattern(), regex.has('x')), below(6));
    } else {
      all += any_of(kTexts);
    }
  }
  return all;
}

}  // namespace sekisho::rules::match::testing
