#include "rules/content/matchers.h"

#include <algorithm>
#include <utility>

namespace sekisho::rules::content {
namespace {

class OneByOne : public Matcher {
 public:
  explicit OneByOne(std::vector<Regex> patterns) : patterns_(std::move(patterns)) {}

  void match(std::string_view text, std::span<Answer> out) override {
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      switch (patterns_[i].match(text)) {
        case MatchResult::no_match:
          out[i] = Answer::no;
          break;
        case MatchResult::match:
          out[i] = Answer::yes;
          break;
        case MatchResult::limit:
        case MatchResult::failed:
          out[i] = Answer::failed;
          break;
      }
    }
  }

 private:
  std::vector<Regex> patterns_;
};

// One value may say yes for all; a failure counts where none does.
void join(Answer& into, Answer more) {
  if (into == Answer::yes || more == Answer::no) return;
  into = more;
}

bool holds(const Atom& atom, std::string_view text) {
  switch (atom.kind) {
    case Atom::Kind::contains:
      return text.contains(atom.text);
    case Atom::Kind::starts_with:
      return text.starts_with(atom.text);
    case Atom::Kind::ends_with:
      return text.ends_with(atom.text);
    case Atom::Kind::present:
      return true;
    case Atom::Kind::matches:
      break;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Matcher>> match_one_by_one(std::vector<Regex> patterns) {
  return std::make_unique<OneByOne>(std::move(patterns));
}

Result<Matchers> Matchers::of(const Plan& plan, const MatcherMaker& make) {
  Matchers matchers;
  matchers.atoms_ = plan.atoms();
  for (std::size_t i = 0; i < matchers.atoms_.size(); ++i) {
    const Atom& atom = matchers.atoms_[i];
    Group& group = matchers.groups_[atom.target];
    (atom.kind == Atom::Kind::matches ? group.patterns : group.texts).push_back(i);
  }
  for (auto& [target, group] : matchers.groups_) {
    std::vector<Regex> patterns;
    for (const std::size_t i : group.patterns) {
      auto regex = Regex::compile(matchers.atoms_[i].text, matchers.atoms_[i].flags);
      if (!regex) return fail(ErrorKind::invalid, "a pattern of the rules: " + regex.error().text);
      patterns.push_back(std::move(*regex));
    }
    group.scratch.resize(patterns.size());
    if (patterns.empty()) continue;
    auto matcher = make(std::move(patterns));
    if (!matcher) return std::unexpected(matcher.error());
    group.matcher = std::move(*matcher);
  }
  return matchers;
}

void Matchers::ask(const Target& target, std::span<const std::string_view> values,
                   std::span<Answer> answers) {
  const auto found = groups_.find(target);
  if (found == groups_.end()) return;
  Group& group = found->second;
  for (const std::size_t i : group.patterns) answers[i] = Answer::no;
  for (const std::size_t i : group.texts) answers[i] = Answer::no;
  for (const std::string_view value : values) {
    if (group.matcher) {
      group.matcher->match(value, group.scratch);
      for (std::size_t j = 0; j < group.patterns.size(); ++j)
        join(answers[group.patterns[j]], group.scratch[j]);
    }
    for (const std::size_t i : group.texts) {
      if (holds(atoms_[i], value)) answers[i] = Answer::yes;
    }
  }
}

std::vector<Target> Matchers::targets() const {
  std::vector<Target> targets;
  for (const auto& [target, group] : groups_) targets.push_back(target);
  return targets;
}

}  // namespace sekisho::rules::content
