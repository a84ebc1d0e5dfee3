// Matchers: the questions of a Plan made ready, patterns compiled, those of one place together.
// Made once for each plan (in a worker: before its sandbox is closed); asked for each message.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rules/check/regex.h"
#include "rules/content/plan.h"

namespace sekisho::rules::content {

// Answers several patterns over one text, exactly as Regex::match does. One message at a time.
class Matcher {
 public:
  virtual ~Matcher() = default;
  // One answer for each pattern, in the order in which they were given.
  virtual void match(std::string_view text, std::span<Answer> out) = 0;
};
using MatcherMaker = std::function<Result<std::unique_ptr<Matcher>>(std::vector<Regex> patterns)>;

// One pattern after the other.
[[nodiscard]] Result<std::unique_ptr<Matcher>> match_one_by_one(std::vector<Regex> patterns);

class Matchers {
 public:
  // ErrorKind::invalid: a pattern that PCRE2 does not take.
  static Result<Matchers> of(const Plan& plan, const MatcherMaker& make = match_one_by_one);

  // Asks all questions with this target of the values of one item, of which one `yes` is enough.
  // No value: it is absent. `answers` has one place for each atom of the plan.
  void ask(const Target& target, std::span<const std::string_view> values,
           std::span<Answer> answers);
  // Every target that is asked for.
  [[nodiscard]] std::vector<Target> targets() const;

 private:
  struct Group {
    std::vector<std::size_t> patterns;  // atoms
    std::unique_ptr<Matcher> matcher;
    std::vector<std::size_t> texts;  // atoms
    std::vector<Answer> scratch;
  };
  std::vector<Atom> atoms_;
  std::map<Target, Group> groups_;
};

}  // namespace sekisho::rules::content
