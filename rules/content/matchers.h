// Matchers: the questions of a Plan made ready, patterns compiled, those of one place together.
// Made once for each plan (in a worker: before its sandbox is closed, since patterns are compiled
// to machine code), asked for each message. One thread.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/error.h"
#include "rules/content/plan.h"
#include "rules/match/pattern_set.h"

namespace sekisho::rules::content {

class Matchers {
 public:
  // ErrorKind::invalid: a pattern that PCRE2 does not take.
  static Result<Matchers> of(const Plan& plan, const match::Options& options = {});

  // Asks all questions with this target of the values of one item, of which one `yes` is enough.
  // No value: it is absent. What is answered with yes or failed, by the atom's index; until the
  // next call.
  std::span<const std::pair<std::size_t, Answer>> ask(const Target& target,
                                                      std::span<const std::string_view> values);
  // Every target that is asked for.
  [[nodiscard]] const std::vector<Target>& targets() const { return targets_; }

 private:
  struct Group {
    std::vector<std::size_t> patterns;  // atoms
    std::unique_ptr<const match::PatternSet> set;
    std::vector<std::size_t> texts;  // atoms
  };

  void match(const Group& group, std::string_view value);
  void look_for(const Group& group, std::string_view value);
  void note(std::size_t atom, Answer answer);

  std::vector<Atom> atoms_;
  std::map<Target, Group> groups_;
  std::vector<Target> targets_;
  match::Scratch scratch_;
  std::vector<match::Answer> matched_;
  std::string lower_;
  std::vector<std::pair<std::size_t, Answer>> answers_;
  std::vector<std::size_t> noted_;  // by atom: behind its place in answers_; 0: not there
};

}  // namespace sekisho::rules::content
