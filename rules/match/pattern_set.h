// PatternSet: many patterns over one text, with the answers that PCRE2 gives to each of them alone.
// An accelerator names the few patterns that a text might match, PCRE2 says of these whether it
// does. One difference: where PCRE2 alone would reach a limit, but it is certain that the text does
// not match, the answer is no, not failed.
// Built off the loop (some 50 µs a pattern; Accelerate::compiled takes 1 ms), immutable afterwards,
// any thread with a Scratch of its own. Building never fails: what can't be had is done without,
// and said in report(). Who reloads rules calls fill_cache() (database_source.h) on a thread that
// may block; processes that serve then build with Accelerate::cached, before a sandbox closes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/regex.h"
#include "rules/match/accelerator.h"
#include "rules/match/answer.h"
#include "rules/match/guard.h"
#include "rules/match/scratch.h"

namespace sekisho::rules::match {

enum class Accelerate : std::uint8_t {
  none,      // PCRE2, one pattern after the other
  literals,  // only patterns whose literals stand in the text
  cached,    // by Hyperscan, if its database lies in Options::cache, else by literals
  compiled,  // by Hyperscan; what isn't in the cache is compiled now (10,000 patterns: 10 s)
};

struct Options {
  Accelerate by = Accelerate::literals;
  std::filesystem::path cache = {};  // a folder of ours (database_cache.h); empty: none
  bool jit = true;                   // compile patterns to machine code where the system lets us
  // Of so many texts, one is asked of PCRE2 alone too; 0: none. Which ones follows from the seed.
  std::uint32_t recheck_one_in = 1000;
  std::uint64_t recheck_seed = 0;
  std::shared_ptr<Guard> guard = {};  // null: the one of the process
};

struct Report {
  std::size_t patterns = 0;
  std::size_t interpreted = 0;       // not compiled to machine code, so up to ten times slower
  std::size_t without_literals = 0;  // asked of PCRE2 for every text, where literals decide
  std::size_t without_sample = 0;    // no text could be made for the self-test
  // Of Hyperscan's database: patterns as they are, in a wider form, and left to the literals.
  std::size_t exact = 0;
  std::size_t wider = 0;
  std::size_t left_out = 0;
  std::string why_not;  // Hyperscan was wanted and can't be had
};

class PatternSet {
 public:
  // The regexes are needed no longer than this call takes.
  static std::unique_ptr<const PatternSet> build(std::span<const Regex* const> regexes,
                                                 const Options& options = {});
  // The same with an accelerator from outside, to be tried before those of `options`.
  static std::unique_ptr<const PatternSet> build_with(std::unique_ptr<const Accelerator> first,
                                                      std::span<const Regex* const> regexes,
                                                      const Options& options = {});
  ~PatternSet();

  [[nodiscard]] std::size_t size() const;
  // One answer for each pattern, in the order of build(); answers.size() must be size().
  void match(std::string_view text, std::span<Answer> answers, Scratch& scratch) const;
  // The first match of one pattern.
  [[nodiscard]] Found find(std::size_t index, std::string_view text, Scratch& scratch) const;
  [[nodiscard]] const Report& report() const;
  // What serves the next text; none: PCRE2, one pattern after the other.
  [[nodiscard]] std::optional<AcceleratorKind> accelerator() const;

 private:
  struct Inside;
  explicit PatternSet(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace sekisho::rules::match
