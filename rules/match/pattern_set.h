// PatternSet: many patterns over one text, with the answers that PCRE2 gives to each of them alone.
// Built off the loop (compiling to machine code takes some 20 µs a pattern), immutable afterwards,
// any thread with a Scratch of its own. Building never fails: what can't be had (machine code) is
// done without, and said in report().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rules/check/regex.h"
#include "rules/match/answer.h"
#include "rules/match/scratch.h"

namespace sekisho::rules::match {

struct Options {
  bool jit = true;  // compile patterns to machine code where the system lets us
};

struct Report {
  std::size_t patterns = 0;
  std::size_t interpreted = 0;  // not compiled to machine code, so up to ten times slower
};

class PatternSet {
 public:
  // The regexes are needed no longer than this call takes.
  static std::unique_ptr<const PatternSet> build(std::span<const Regex* const> regexes,
                                                 const Options& options = {});
  ~PatternSet();

  [[nodiscard]] std::size_t size() const;
  // One answer for each pattern, in the order of build(); answers.size() must be size().
  void match(std::string_view text, std::span<Answer> answers, Scratch& scratch) const;
  // The first match of one pattern.
  [[nodiscard]] Found find(std::size_t index, std::string_view text, Scratch& scratch) const;
  [[nodiscard]] const Report& report() const;

 private:
  struct Inside;
  explicit PatternSet(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace sekisho::rules::match
