// RecipientAnswers: what the upstreams said of each recipient of a message, for filters that ask
// afterwards. Owned by a Transaction; pure. A client that guesses names is forgotten the rest.
#pragma once

#include <string>
#include <vector>

#include "filters/ending.h"

namespace sekisho {

class RecipientAnswers {
 public:
  static constexpr std::size_t kMax = 10'000;

  // The answer to RCPT.
  void add(const smtp::Mailbox& recipient, const smtp::Reply& reply, const std::string& upstream);
  // With `to_the_message`: one for each recipient that was accepted, in order; empty where the
  // message did not go up.
  [[nodiscard]] std::vector<filters::Ending::Answer> take(
      const std::vector<smtp::Reply>& to_the_message);

 private:
  std::vector<filters::Ending::Answer> answers_;
};

}  // namespace sekisho
