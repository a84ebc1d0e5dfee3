// What rules leave for later rules: tags and scores. One per session, beside it. Bounded. Those of
// connect, helo and auth stay for the session, those of mail to outcome until the next MAIL, RSET
// or reset of the session's state (begin_transaction).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/stage.h"

namespace sekisho::rules::engine {

class State {
 public:
  static constexpr std::size_t kMaxTags = 256;

  void begin_transaction();
  void begin_session();  // forgets everything: a new EHLO after STARTTLS does not call this

  // The same tag twice is one; beyond kMaxTags it is not kept and false returned.
  bool tag(Stage stage, std::string_view word);
  void add(Stage stage, std::size_t score, double amount);

  [[nodiscard]] const std::vector<std::string>& tags() const { return tags_; }
  [[nodiscard]] double score(std::size_t score) const;

 private:
  std::vector<std::string> tags_;  // those of the session first
  std::size_t session_tags_ = 0;
  std::vector<double> session_scores_;
  std::vector<double> scores_;
};

}  // namespace sekisho::rules::engine
