#include "rules/engine/state.h"

#include <algorithm>

namespace sekisho::rules::engine {

void State::begin_transaction() {
  tags_.resize(session_tags_);
  scores_.clear();
}

void State::begin_session() {
  session_tags_ = 0;
  session_scores_.clear();
  begin_transaction();
}

bool State::tag(Stage stage, std::string_view word) {
  if (std::ranges::find(tags_, word) != tags_.end()) return true;
  if (tags_.size() >= kMaxTags) return false;
  if (stage < Stage::mail) {
    tags_.emplace(tags_.begin() + static_cast<std::ptrdiff_t>(session_tags_), word);
    ++session_tags_;
  } else {
    tags_.emplace_back(word);
  }
  return true;
}

void State::add(Stage stage, std::size_t score, double amount) {
  auto& scores = stage < Stage::mail ? session_scores_ : scores_;
  if (scores.size() <= score) scores.resize(score + 1);
  scores[score] += amount;
}

double State::score(std::size_t score) const {
  double sum = 0;
  if (score < session_scores_.size()) sum += session_scores_[score];
  if (score < scores_.size()) sum += scores_[score];
  return sum;
}

}  // namespace sekisho::rules::engine
