#include "rules/content/matchers.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "rules/check/regex.h"

namespace sekisho::rules::content {
namespace {

bool holds(const Atom& atom, std::string_view lower) {
  switch (atom.kind) {
    case Atom::Kind::contains:
      return lower.contains(atom.text);
    case Atom::Kind::starts_with:
      return lower.starts_with(atom.text);
    case Atom::Kind::ends_with:
      return lower.ends_with(atom.text);
    case Atom::Kind::present:
      return true;
    case Atom::Kind::matches:
      break;
  }
  return false;
}

}  // namespace

Result<Matchers> Matchers::of(const Plan& plan, const match::Options& options) {
  Matchers matchers;
  matchers.atoms_ = plan.atoms();
  matchers.noted_.resize(matchers.atoms_.size());
  for (std::size_t i = 0; i < matchers.atoms_.size(); ++i) {
    const Atom& atom = matchers.atoms_[i];
    Group& group = matchers.groups_[atom.target];
    (atom.kind == Atom::Kind::matches ? group.patterns : group.texts).push_back(i);
  }
  for (auto& [target, group] : matchers.groups_) {
    matchers.targets_.push_back(target);
    std::vector<Regex> patterns;
    std::vector<const Regex*> pointers;
    for (const std::size_t i : group.patterns) {
      auto regex = Regex::compile(matchers.atoms_[i].text, matchers.atoms_[i].flags);
      if (!regex) return fail(ErrorKind::invalid, "a pattern of the rules: " + regex.error().text);
      patterns.push_back(std::move(*regex));
    }
    if (patterns.empty()) continue;
    for (const Regex& regex : patterns) pointers.push_back(&regex);
    group.set = match::PatternSet::build(pointers, options);
  }
  return matchers;
}

std::span<const std::pair<std::size_t, Answer>> Matchers::ask(
    const Target& target, std::span<const std::string_view> values) {
  for (const auto& [atom, answer] : answers_) noted_[atom] = 0;
  answers_.clear();
  const auto found = groups_.find(target);
  if (found == groups_.end()) return answers_;
  for (const std::string_view value : values) {
    if (found->second.set) match(found->second, value);
    look_for(found->second, value);
  }
  return answers_;
}

void Matchers::match(const Group& group, std::string_view value) {
  matched_.resize(group.patterns.size());
  group.set->match(value, matched_, scratch_);
  for (std::size_t i = 0; i < matched_.size(); ++i) {
    if (matched_[i] == match::Answer::yes) note(group.patterns[i], Answer::yes);
    if (matched_[i] == match::Answer::failed) note(group.patterns[i], Answer::failed);
  }
}

void Matchers::look_for(const Group& group, std::string_view value) {
  if (group.texts.empty()) return;
  lower_.assign(value);
  std::ranges::transform(lower_, lower_.begin(), ascii_lower);
  for (const std::size_t i : group.texts) {
    if (holds(atoms_[i], lower_)) note(i, Answer::yes);
  }
}

// One value may say yes for all; a failure counts where none does.
void Matchers::note(std::size_t atom, Answer answer) {
  if (noted_[atom] == 0) {
    answers_.emplace_back(atom, answer);
    noted_[atom] = answers_.size();
  } else if (answer == Answer::yes) {
    answers_[noted_[atom] - 1].second = answer;
  }
}

}  // namespace sekisho::rules::content
